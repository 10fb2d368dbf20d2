import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Connections } from './connections.ts';

/** Certificate and key for the next connection. */
export type CurrentCertificate = () => SecureContext;

/** Milliseconds that a client has for the handshake. */
const HANDSHAKE_TIME = 10_000;

/** Loaded only if needed, because most servers are behind a proxy. */
function tls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}

/** @throws Error of OpenSSL if they are malformed or do not belong together */
export function createCertificate(cert: Buffer, key: Buffer): SecureContext {
  return tls().createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
}

/**
 * Makes `http` speak TLS on each connection. Its connections count from the start of the handshake, and each gets the certificate
 * that is current then.
 */
export function requireTls(http: HttpServer, connections: Connections, current: CurrentCertificate): void {
  const { TLSSocket } = tls();
  const [serve] = http.listeners('connection') as [(socket: Socket) => void];
  http.removeAllListeners('connection');
  http.on('connection', (raw: Socket) => {
    connections.accept(raw);
    if (raw.destroyed) return;
    const secure: TLSSocket = new TLSSocket(raw, {
      isServer: true,
      secureContext: current(),
      ALPNProtocols: ['http/1.1'],
      requestCert: false,
    });
    const timer = setTimeout(() => secure.destroy(), HANDSHAKE_TIME);
    // Clients that give up, or speak something else.
    secure.on('error', () => {});
    secure.once('close', () => clearTimeout(timer));
    secure.once('secure', () => {
      clearTimeout(timer);
      connections.secured(raw, secure);
      serve.call(http, secure);
    });
  });
}
