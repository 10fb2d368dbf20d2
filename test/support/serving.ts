import { EventEmitter, once } from 'node:events';
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { LoadedComponent } from '../../src/component/component.ts';
import type { Server, ServerOptions } from '../../src/index.ts';
import { loadComponent } from '../../src/loader/load-component.ts';
import type { ServerInternals } from '../../src/server/options.ts';
import { createServer } from '../../src/server/server.ts';
import { fixture } from './command.ts';
import { RAW_GLUE_PATIENCE, rawGlue, withoutWarning } from './raw-glue.ts';
import { thisThread } from './this-thread.ts';

/** The options of a test's server, internal ones included. */
export type ServingOptions = ServerOptions & ServerInternals;

const loaded = new Map<string, Promise<LoadedComponent>>();

/** A committed guest, loaded once for each test file. */
export function component(name: string): Promise<LoadedComponent> {
  const known = loaded.get(name) ?? loadComponent(fixture(name));
  loaded.set(name, known);
  return known;
}

export interface Serving {
  readonly server: Server;
  /** The server's log, `level context: message`, without the warning that is expected when all tests run with raw glue. */
  readonly log: string[];
  /** The failures in the log. */
  errors(): string[];
  /** Waits for the first line of the log that matches. */
  logged(pattern: RegExp): Promise<string>;
}

export interface Listening extends Serving {
  /** Without a trailing slash. */
  readonly url: string;
}

/** A server with its store in memory, not started; closed at the end of the test. */
export async function create(name: string, options: ServingOptions = {}): Promise<Serving> {
  const serving = await make(name, options);
  onTestFinished(() => serving.server.close(0));
  return serving;
}

/** The same, listening on a free port. */
export async function listen(name: string, options?: ServingOptions): Promise<Listening> {
  const serving = await create(name, options);
  const url = await serving.server.listen(0);
  return { ...serving, url: url.slice(0, -1) };
}

/** One server for all tests of a file or group. */
export function share(name: string, options: ServingOptions = {}): Listening {
  const shared = {} as { -readonly [K in keyof Listening]: Listening[K] };
  beforeAll(async () => {
    Object.assign(shared, await make(name, options));
    shared.url = (await shared.server.listen(0)).slice(0, -1);
  });
  afterAll(() => shared.server.close(0));
  return shared;
}

async function make(name: string, options: ServingOptions): Promise<Serving> {
  const log: string[] = [];
  const news = new EventEmitter();
  let warned = false;
  const {
    monitor,
    administration,
    observers,
    requestHeaders,
    ownPorts,
    tls,
    verifyRestores,
    prestartedWorker,
    ...shared
  } = options;
  const internals = {
    monitor,
    administration,
    observers,
    requestHeaders,
    ownPorts,
    tls,
    verifyRestores,
    prestartedWorker,
  } as ServerInternals;
  const settings = {
    store: 'memory:',
    // Tests that are not about names may use any host name.
    allowHosts: ['*'],
    ...(rawGlue && { timeout: 30_000 * RAW_GLUE_PATIENCE }),
    log(level: string, context: string, message: string) {
      const line = `${level} ${context}: ${message}`;
      const isDue = !warned && withoutWarning(line) === '';
      warned ||= isDue;
      if (!isDue) log.push(line);
      news.emit('line');
    },
    ...shared,
    ...(thisThread && { workers: 0 }),
  };
  const server = createServer(await component(name), settings, internals);
  return {
    server,
    log,
    errors: () => log.filter((line) => line.startsWith('error ')),
    async logged(pattern) {
      for (;;) {
        const found = log.find((line) => pattern.test(line));
        if (found !== undefined) return found;
        await once(news, 'line');
      }
    },
  };
}

/** A connection on which the test writes and reads raw bytes. */
export interface RawConnection {
  readonly socket: Socket;
  send(text: string | Uint8Array): void;
  /** Waits until everything received so far matches, and returns it; fails if the connection ends first. */
  receive(pattern: RegExp): Promise<string>;
  /** Waits until the other side has closed, and returns everything received; `reset` is whether the connection was reset. */
  end(): Promise<{ text: string; reset: boolean }>;
}

export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const news = new EventEmitter();
  let text = '';
  let reset = false;
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
    news.emit('news');
  });
  socket.on('error', () => {
    reset = true;
  });
  socket.on('close', () => news.emit('news'));
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await once(news, 'news');
  };
  await once(socket, 'connect');
  return {
    socket,
    send: (part) => void socket.write(part),
    async receive(pattern) {
      await until(() => socket.closed || pattern.test(text));
      if (!pattern.test(text)) throw new Error(`closed after ${JSON.stringify(text)}`);
      return text;
    },
    async end() {
      await until(() => socket.closed);
      return { text, reset };
    },
  };
}

/**
 * A GET request that the server has received: when it sends `100 Continue`, it also passes the request on. A body would have to be
 * awaited, too.
 */
export async function receivedRequest(url: string, path: string): Promise<RawConnection> {
  const connection = await rawConnection(url);
  connection.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n`);
  await connection.receive(/100 Continue/);
  return connection;
}

/** Sends raw bytes and returns everything received until the other side closes. */
export async function raw(url: string, text: string): Promise<string> {
  const connection = await rawConnection(url);
  connection.send(text);
  return (await connection.end()).text;
}

export interface Answer {
  readonly response: IncomingMessage;
  /** Fails if the body is incomplete. */
  body(): Promise<Buffer>;
}

/** A request with `node:http`, which exposes trailers, repeated headers and incomplete bodies; `send` writes the body. */
export async function call(
  url: string,
  options: RequestOptions = {},
  send: (request: ClientRequest) => void = (sent) => void sent.end(),
): Promise<Answer> {
  const sent = request(url, options);
  onTestFinished(() => void sent.destroy());
  const [response] = (await Promise.all([once(sent, 'response'), send(sent)]))[0] as [IncomingMessage];
  return {
    response,
    async body() {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}
