import { setImmediate as turn } from 'node:timers/promises';
import type { ErrorReply, RedisClientType, RedisFunctions, RedisModules, RedisScripts } from '@redis/client';
import { Lost } from '../network/outcomes.ts';
import type { Address } from './url.ts';

/** A word of a command. */
export type Word = string | Buffer;

/** Bulk strings are bytes; status replies are strings. */
export type Reply = null | number | string | Buffer | readonly Reply[];

/** One connection. Commands are sent at once; replies arrive in order. */
export interface Link {
  /** Whether it can still take commands. */
  readonly isOpen: boolean;
  /** The number of commands without a reply. */
  readonly pending: number;
  /** @throws Lost if the connection ends before the reply or has ended, Reported */
  send(words: readonly Word[]): Promise<Reply>;
  /** Takes no further commands, and closes once every command has its reply or is late. */
  retire(): void;
  close(): void;
}

export interface LinkOptions {
  readonly address: Address;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Undefined without TLS. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  /** Timeout of connecting in milliseconds. */
  readonly timeout: number;
}

/** An error that the engine has reported. */
export class Reported extends Error {
  /** The first word of the error, such as `MOVED`. */
  get kind(): string {
    return /^[A-Z]+/.exec(this.message)?.[0] ?? '';
  }
}

/** A connection that receives messages; it takes no other commands. */
export interface Subscriber {
  subscribe(channel: string, heard: (message: string) => void): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  close(): void;
}

/** @throws Lost, Reported, or an error of the network or of TLS */
export async function connectLink(options: LinkOptions): Promise<Link> {
  const { client, ErrorReply, ending, close } = await connectClient(options);
  let pending = 0;
  let isRetired = false;
  let overdue: NodeJS.Timeout | undefined;
  return {
    get isOpen() {
      return ending() === undefined && !isRetired && client.isReady;
    },
    get pending() {
      return pending;
    },
    async send(words) {
      const ended = ending();
      if (ended !== undefined) throw new Lost(ended.message, { cause: ended });
      if (pending === 0) client.ref();
      pending += 1;
      try {
        return await client.sendCommand<Reply>(words);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof ErrorReply) throw new Reported(message);
        throw error instanceof TypeError ? error : new Lost(message, { cause: error });
      } finally {
        pending -= 1;
        if (pending === 0) client.unref();
        if (pending === 0 && isRetired) void turn().then(close);
      }
    },
    retire() {
      isRetired = true;
      if (pending === 0) return close();
      // By then nobody waits for a reply any more.
      overdue ??= setTimeout(close, options.timeout).unref();
    },
    close() {
      clearTimeout(overdue);
      close();
    },
  };
}

/** @param ended called when the connection is lost */
export async function connectSubscriber(options: LinkOptions, ended: () => void): Promise<Subscriber> {
  const { client, close } = await connectClient(options);
  client.on('error', ended);
  return {
    subscribe: (channel, heard) => client.subscribe(channel, heard),
    unsubscribe: (channel) => client.unsubscribe(channel),
    close,
  };
}

interface Connected {
  readonly client: RedisClientType<RedisModules, RedisFunctions, RedisScripts, 2>;
  readonly ErrorReply: typeof ErrorReply;
  /** Why the connection ended; undefined while it is open. */
  ending(): Error | undefined;
  close(): void;
}

/**
 * Loads the client library now, because other stores do not need it. It never reconnects by itself, so that no command is sent
 * twice. It does not keep the process alive.
 */
async function connectClient(options: LinkOptions): Promise<Connected> {
  const { createClient, ErrorReply, RESP_TYPES } = await import('@redis/client');
  const { address, user, password, database, tls, timeout } = options;
  const socket = { ...address, connectTimeout: timeout, reconnectStrategy: false } as const;
  const client = createClient<RedisModules, RedisFunctions, RedisScripts, 2>({
    socket: tls === undefined ? socket : { ...socket, ...tls, tls: true },
    RESP: 2,
    database,
    ...(user !== undefined && { username: user }),
    ...(password && { password }),
    // A command in the handshake, to which a server that has no room for the connection replies with that error.
    name: 'wasmcp-node',
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // The runner keeps the timeout of a call; the client's own would only add a timer.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  let ended: Error | undefined;
  // The lost commands report it.
  client.on('error', (error: Error) => {
    ended ??= error;
  });
  const overdue = setTimeout(() => {
    ended ??= new Lost('it did not respond in time (--store-timeout)');
    client.destroy();
  }, timeout);
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    if (error instanceof ErrorReply) throw new Reported(error.message);
    throw ended instanceof Lost ? ended : error;
  } finally {
    clearTimeout(overdue);
  }
  client.unref();
  return {
    client,
    ErrorReply,
    ending: () => ended,
    close() {
      ended ??= new Lost('the connection was closed');
      client.destroy();
    },
  };
}
