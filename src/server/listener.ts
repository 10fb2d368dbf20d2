import { type AddressInfo, Server as NetServer } from 'node:net';
import { WasmcpError } from '../../host/index.ts';
import { type ConnectionLimits, createConnections } from './connections.ts';
import { createServer } from './http.ts';
import type { NodeAdapter } from './node-adapter.ts';
import { applySettings, BACKLOG, nodeSettings } from './node-settings.ts';

/** A bound port. */
export interface Listener {
  /** Such as `http://127.0.0.1:8080/`. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** Refuses new connections and closes the others after their last responses; settles when all are closed. */
  close(): Promise<void>;
  /** Ends all connections immediately. */
  cut(): void;
}

export interface ListenOptions extends ConnectionLimits {
  readonly port: number;
  readonly host: string;
  /** Milliseconds that a connection may be idle between two requests. */
  readonly keepAlive: number;
  /** The command's option to name in messages; `--addr` by default. */
  readonly flag?: string;
}

/** Milliseconds before an idle connection is ended when closing: a request may have arrived that is not read yet. */
const IDLE_GRACE = 50;
/** Milliseconds that a client has to read the response to a CONNECT and to close. */
const LINGER = 1000;

/** @throws WasmcpError `address-unusable` */
export async function openListener(adapter: NodeAdapter, options: ListenOptions): Promise<Listener> {
  const http = createServer(nodeSettings(options.keepAlive));
  applySettings(http);
  const connections = createConnections(options);
  let closing: Promise<void> | undefined;

  http.on('connection', connections.accept);
  http.on('request', (request, response) => connections.enter(request, response, adapter.handler));
  http.on('checkContinue', (request, response) =>
    connections.enter(request, response, adapter.continueHandler),
  );

  // Node would close without a response. This is not a proxy (RFC 9110 section 9.3.6).
  http.on('connect', (request, socket) => {
    // Node no longer manages the socket: an unhandled error would end the process, and no timeout applies.
    socket.on('error', () => {}).resume();
    // The client would take this response for that of the previous request.
    if (connections.isBusy(request.socket)) {
      socket.destroy();
      return;
    }
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    const timer = setTimeout(() => socket.destroy(), LINGER).unref();
    socket.once('close', () => clearTimeout(timer));
  });

  await bind(http, options);
  const { address, family, port } = http.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`,
    address,
    port,
    close() {
      closing ??= new Promise((resolve) => {
        connections.close();
        const grace = setTimeout(connections.endIdle, IDLE_GRACE);
        // Not http's own close: it destroys connections as idle while the end of a response waits for a slow reader.
        // Once all are closed, it stops Node's timer that enforces header and request timeouts.
        NetServer.prototype.close.call(http, () => {
          clearTimeout(grace);
          http.close(() => resolve());
        });
      });
      return closing;
    },
    cut: connections.cut,
  };
}

function bind(http: NetServer, { port, host, flag = '--addr' }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `is already in use: stop the program that listens there, or choose another with ${flag} (port 0 picks a free one)`,
        EACCES: `may not be used by this user: choose a port above 1023 with ${flag}`,
        EADDRNOTAVAIL: `is not an address of this machine: choose another with ${flag}`,
        ENOTFOUND: `is not a known host: choose another with ${flag}`,
      };
      const reason = reasons[error.code ?? ''] ?? `cannot be listened on (${error.message})`;
      reject(new WasmcpError('address-unusable', `${host}:${port} ${reason}`, { cause: error }));
    });
    http.listen({ port, host, backlog: BACKLOG }, resolve);
  });
}
