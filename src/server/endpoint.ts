import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, isIPv6, Server as NetServer } from 'node:net';
import { WasmcpError } from '../../host/index.ts';
import { type BoundAddress, tcpAddress, unixAddress } from './bound-address.ts';
import type { Connections } from './connections.ts';
import { createServer } from './http.ts';
import { type InheritedSocket, isInherited, pathOfSocket } from './inherited-socket.ts';
import { formatAddress, isUnix, type ListenTarget } from './listen-address.ts';
import type { NodeAdapter } from './node-adapter.ts';
import { applySettings, BACKLOG, nodeSettings } from './node-settings.ts';
import { type CurrentCertificate, requireTls } from './tls.ts';
import { makeRoom, removeAtExit, withMode } from './unix-socket.ts';

/** One of the addresses of a listener. */
export interface Endpoint {
  readonly bound: BoundAddress;
  /** Accepts no more connections; settles when all of them are closed. */
  close(): Promise<void>;
}

export interface EndpointOptions {
  /** Milliseconds that a connection may be idle between two requests. */
  readonly keepAlive: number;
  /** The command's option to name in messages. */
  readonly flag: string;
  /** For TLS on addresses that are not Unix sockets. */
  readonly tls?: CurrentCertificate;
}

/** Milliseconds that a client has to read the response to a CONNECT and to close. */
const LINGER = 1000;

/** Node checks addresses with a pattern, which V8 compiles when it is first used: 5 ms. */
export function prepareToListen(): void {
  isIPv6('::1');
}

/**
 * Listens on `target` and passes what arrives to `adapter`.
 *
 * @throws WasmcpError `address-unusable`
 */
export async function openEndpoint(
  target: ListenTarget,
  adapter: NodeAdapter,
  connections: Connections,
  { keepAlive, flag, tls }: EndpointOptions,
): Promise<Endpoint> {
  const http = createServer(nodeSettings(keepAlive));
  applySettings(http);
  http.on('request', (request, response) => connections.enter(request, response, adapter.handler));
  http.on('checkContinue', (request, response) =>
    connections.enter(request, response, adapter.continueHandler),
  );
  http.on('checkExpectation', (request, response) =>
    connections.enter(request, response, adapter.expectationHandler),
  );
  refuseConnect(http, connections);

  await bind(http, target, flag);
  // The first connection comes in a later turn of the event loop.
  const bound = boundAddress(http, target, tls === undefined ? 'http' : 'https');
  if (tls === undefined || bound.port === undefined) http.on('connection', connections.accept);
  else requireTls(http, connections, tls);
  const keepAtExit = !isInherited(target) && isUnix(target) ? removeAtExit(target.path) : undefined;
  return {
    bound,
    close: () =>
      new Promise((resolve) => {
        // Not http's own close: it destroys connections as idle while the end of a response waits for a slow reader.
        // Once all are closed, it stops Node's timer that enforces header and request timeouts.
        NetServer.prototype.close.call(http, () => http.close(() => resolve()));
        keepAtExit?.();
      }),
  };
}

/** Node would close without a response. This is not a proxy (RFC 9110 section 9.3.6). */
function refuseConnect(http: HttpServer, connections: Connections): void {
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
}

async function bind(http: NetServer, target: ListenTarget, flag: string): Promise<void> {
  if (isInherited(target))
    return await listening(http, `file descriptor ${target.fd}`, flag, () => {
      http.listen({ fd: target.fd });
    });
  const name = formatAddress(target);
  if (!isUnix(target))
    return await listening(http, name, flag, () => {
      http.listen({ ...target, backlog: BACKLOG });
    });
  const obstacle = await makeRoom(target.path);
  if (obstacle !== undefined) throw unusable(name, `${obstacle}, or choose another path with ${flag}`);
  await listening(http, name, flag, () => {
    withMode(target.path, target.mode, () => http.listen({ path: target.path, backlog: BACKLOG }));
  });
}

function listening(http: NetServer, name: string, flag: string, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('listening', resolve);
    http.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `is already in use: stop the program that listens there, or choose another with ${flag} (port 0 picks a free one)`,
        EACCES: name.startsWith('unix:')
          ? 'cannot be created: this user may not write to its folder'
          : `may not be used by this user: choose a port above 1023 with ${flag}`,
        EADDRNOTAVAIL: `is not an address of this machine: choose another with ${flag}`,
        ENOTFOUND: `is not a known host: choose another with ${flag}`,
      };
      reject(unusable(name, reasons[error.code ?? ''] ?? `cannot be listened on (${error.message})`, error));
    });
    listen();
  });
}

function unusable(name: string, reason: string, cause?: Error): WasmcpError {
  return new WasmcpError('address-unusable', `${name} ${reason}`, { cause });
}

function boundAddress(http: NetServer, target: ListenTarget, scheme: 'http' | 'https'): BoundAddress {
  if (!isInherited(target) && isUnix(target)) return unixAddress(target.path);
  const bound = http.address() as AddressInfo | string | null;
  if (bound !== null && typeof bound === 'object') return tcpAddress(scheme, bound.address, bound.port);
  // Node does not know the path of a socket that it has not bound.
  const { fd } = target as InheritedSocket;
  return unixAddress(pathOfSocket(fd) ?? `file descriptor ${fd}`);
}
