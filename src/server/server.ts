import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Preopen, type Store, type StoreLimits, WasmcpError } from '../../host/index.ts';
import type { Component } from '../component/component.ts';
import { assertLinked } from '../component/link.ts';
import { linkWithHost } from '../engine/offer.ts';
import { createPool, type Pool } from '../engine/pool.ts';
import type { GuestSettings } from '../engine/setup.ts';
import { type SharedStore, shareStore } from '../engine/share-store.ts';
import { startThread } from '../engine/thread.ts';
import { createFetch } from './fetch.ts';
import { createNodeHandler, type NodeHandler } from './node.ts';

/** How a server runs its guests. Every field has the default of the command's flag of that name. */
export interface ServerOptions {
  /** A URL (`sqlite:PATH`, `memory:`), opened and closed by the server, or a store that stays the caller's. */
  readonly store?: string | Store;
  /** What guests may write, and into which buckets. */
  readonly storeLimits?: StoreLimits;
  /** The guest's whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Entries of wasi:config/store. */
  readonly config?: Readonly<Record<string, string>>;
  readonly directories?: readonly Preopen[];
  readonly loggingPrefix?: boolean;
  /** Worker threads. */
  readonly workers?: number;
  /** Most guests alive in one worker. */
  readonly liveLimit?: number;
  /** Most requests that wait for a place. */
  readonly queueLimit?: number;
  /** Milliseconds until a response has to start. */
  readonly timeout?: number;
  /** Longest silence of a response in milliseconds. */
  readonly streamIdle?: number;
  /** Largest body of a request in bytes. */
  readonly maxBody?: number;
  readonly maxConnections?: number;
  /** What guests print; thrown away by default. */
  readonly output?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** What goes wrong, and what guests say through wasi:logging; thrown away by default. */
  readonly log?: (level: string, context: string, message: string) => void;
}

/** A component being served. */
export interface Server {
  /** Where it listens, `http://127.0.0.1:8080/`; undefined before `listen`. */
  readonly url: string | undefined;
  /** What people read of the store. */
  readonly storeUrl: string | undefined;
  /** Binds the port (0 picks a free one), opens the store, starts the workers. Fails with `address-unusable`, `store-*`. */
  listen(port?: number, host?: string): Promise<string>;
  /** Serves one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** For a server of the caller's: `http.createServer(server.handler)`, express, fastify. */
  readonly handler: NodeHandler;
  /** Takes no new requests, lets those under way finish for at most `drain` milliseconds, closes everything. */
  close(drain?: number): Promise<void>;
}

const HEADER_LIMIT = 16 * 1024;
const HEADER_TIME = 10_000;
/** How often node looks for connections over their time; its own default of 30 s makes shorter limits meaningless. */
const CHECK_INTERVAL = 1000;

export function createServer(component: Component, options: ServerOptions = {}): Server {
  const maxBody = options.maxBody ?? 10 * 1024 ** 2;
  const settings: GuestSettings = {
    env: options.env ?? {},
    args: [],
    config: options.config ?? {},
    preopens: options.directories ?? [],
    loggingPrefix: options.loggingPrefix ?? true,
    storeLimits: options.storeLimits ?? {},
  };
  const log = options.log ?? (() => {});
  let http: HttpServer | undefined;
  let url: string | undefined;
  let store: SharedStore | undefined;
  let running: Promise<Pool> | undefined;
  let closed: Promise<void> | undefined;

  function start(): Promise<Pool> {
    running ??= startPool();
    return running;
  }

  async function startPool(): Promise<Pool> {
    if (closed !== undefined) throw new WasmcpError('server-closing', 'the server is closed');
    assertLinked(await linkWithHost(component), 'wasi:http/incoming-handler');
    const shared = await shareStore(options.store ?? 'sqlite:.wasmcp/store.db');
    store = shared;
    const pool = createPool({
      workers: options.workers ?? 1,
      liveLimit: options.liveLimit ?? 64,
      queueLimit: options.queueLimit ?? 1024,
      timeout: options.timeout ?? 30_000,
      streamIdle: options.streamIdle ?? 300_000,
      start: (events) => startThread({ component, settings, store: shared.setup() }, events),
      failed: (request, error) => log('error', `${request.method} ${request.path}`, error.message),
      output: options.output ?? (() => {}),
      log,
    });
    try {
      await pool.start();
    } catch (error) {
      await pool.close(0);
      await shared.close();
      throw error;
    }
    return pool;
  }

  async function stop(drain: number): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    if (http === undefined) stopped.resolve();
    else {
      http.close(() => stopped.resolve());
      http.closeIdleConnections();
    }
    const pool = await running?.catch(() => undefined);
    await pool?.close(drain);
    http?.closeAllConnections();
    await stopped.promise;
    await store?.close();
  }

  const handle: Pool['handle'] = (request, target) => engine().handle(request, target);
  let pool: Pool | undefined;
  function engine(): Pool {
    if (pool === undefined) throw new TypeError('the server has not started');
    return pool;
  }
  const listener = createNodeHandler({ handle }, maxBody);

  async function ready(): Promise<void> {
    pool ??= await start();
  }

  const handler: NodeHandler = (request, response) => {
    if (pool !== undefined) listener(request, response);
    else {
      ready().then(
        () => listener(request, response),
        () => response.destroy(),
      );
    }
  };

  return {
    get url() {
      return url;
    },
    get storeUrl() {
      return store?.url;
    },
    async listen(port = 8080, host = '127.0.0.1') {
      http = createHttpServer(
        {
          maxHeaderSize: HEADER_LIMIT,
          headersTimeout: HEADER_TIME,
          connectionsCheckingInterval: CHECK_INTERVAL,
        },
        handler,
      );
      http.maxConnections = options.maxConnections ?? 1000;
      await bind(http, port, host);
      const { address, family, port: bound } = http.address() as AddressInfo;
      url = `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}/`;
      try {
        await ready();
      } catch (error) {
        http.close();
        http.closeAllConnections();
        throw error;
      }
      return url;
    },
    async fetch(request) {
      await ready();
      return createFetch({ handle }, maxBody)(request);
    },
    handler,
    close(drain = 10_000) {
      closed ??= stop(drain);
      return closed;
    },
  };
}

/** Port first, so that a port in use costs nothing: no store is made, no worker started. */
function bind(http: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE:
          'is in use already: stop what listens there, or choose another with --addr (port 0 picks a free one)',
        EACCES: 'may not be used by this user: choose a port above 1023 with --addr',
        EADDRNOTAVAIL: 'is no address of this machine: choose another with --addr',
        ENOTFOUND: 'is no known host: choose another with --addr',
      };
      const reason = reasons[error.code ?? ''] ?? `cannot be listened on (${error.message})`;
      reject(new WasmcpError('address-unusable', `${host}:${port} ${reason}`, { cause: error }));
    });
    http.listen(port, host, resolve);
  });
}
