import { Client, type Dispatcher } from 'undici';
import type { Connector } from './connector.ts';
import type { Destination } from './destination.ts';
import { filterResponseHeads, type ResponseHeads } from './response-head.ts';

/** Maximum number of idle connections, and the time (ms) they stay open, unless the server announces less. */
const MAX_IDLE = 64;
const IDLE_TIME = 4000;
const LONGEST_IDLE_TIME = 30_000;
/** Maximum size of the head of a response in bytes. */
const MAX_HEAD = 64 * 1024;

/** A connection to one server, for one request at a time. */
export interface Connection {
  /** It has served a request before, so the server may have closed it meanwhile. */
  readonly reused: boolean;
  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** The response is complete: the connection becomes idle, if it is still open. */
  release(): void;
  destroy(reason: Error): void;
}

/** File descriptors for idle connections, which others may need more. */
export interface SpareDescriptors {
  tryTakeSpare(): boolean;
  give(): void;
}

const UNLIMITED: SpareDescriptors = { tryTakeSpare: () => true, give() {} };

/** The connections to all servers. */
export interface Connections {
  /** Returns an idle connection to this origin, or a new one; always a new one if `fresh`. */
  take(destination: Destination, fresh?: boolean): Connection;
  close(): Promise<void>;
}

interface Pooled extends Connection {
  readonly origin: string;
  readonly client: Client;
  reused: boolean;
}

/**
 * Uses one undici client per connection: a client can be destroyed while it is still connecting, unlike a request in undici's
 * own pools.
 */
export function createConnections(connect: Connector, spare: SpareDescriptors = UNLIMITED): Connections {
  // Arrays, as the old tables of a `Map` would keep closed connections alive.
  const idle: Pooled[] = [];
  const open: Pooled[] = [];
  let closed = false;

  function create(destination: Destination): Connection {
    const connecting = new AbortController();
    let standing = true;
    let heads: ResponseHeads | undefined;
    const client = new Client(destination.origin, {
      connect(_options, callback) {
        connect(destination, connecting.signal).then(
          (socket) => {
            heads = filterResponseHeads(socket);
            callback(null, socket);
          },
          (error: Error) => callback(error, null),
        );
      },
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_TIME,
      keepAliveMaxTimeout: LONGEST_IDLE_TIME,
      maxHeaderSize: MAX_HEAD,
    });
    const connection: Pooled = {
      origin: destination.origin,
      client,
      reused: false,
      send(request, handler) {
        heads?.expect();
        client.dispatch(request, handler);
      },
      release() {
        connection.reused = true;
        if (idle.length < MAX_IDLE && standing && spare.tryTakeSpare()) idle.push(connection);
        else connection.destroy(new Error('too many idle connections'));
      },
      destroy(reason) {
        standing = false;
        if (remove(idle, connection)) spare.give();
        remove(open, connection);
        connecting.abort(reason);
        void client.destroy(reason);
      },
    };
    client.on('disconnect', (_origin, _targets, error) => {
      if (idle.includes(connection)) connection.destroy(error);
    });
    open.push(connection);
    if (closed) connection.destroy(new Error('closed'));
    return connection;
  }

  return {
    take(destination, fresh = false) {
      const waiting = fresh ? undefined : idle.find(({ origin }) => origin === destination.origin);
      if (waiting === undefined) return create(destination);
      remove(idle, waiting);
      spare.give();
      return waiting;
    },
    async close() {
      closed = true;
      const all = [...open];
      for (const connection of all) connection.destroy(new Error('closed'));
      await Promise.all(all.map(({ client }) => client.destroy()));
    },
  };
}

function remove(from: Pooled[], connection: Pooled): boolean {
  const at = from.indexOf(connection);
  if (at >= 0) from.splice(at, 1);
  return at >= 0;
}
