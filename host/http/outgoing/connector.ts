import { lookup as lookupHost } from 'node:dns/promises';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates } from 'node:tls';
import type { Destination } from './destination.ts';
import { OutgoingError } from './error-code.ts';
import type { CheckedPolicy, Refusal } from './policy.ts';

/** Returns the addresses of a host; fails like `dns.lookup` if there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface ConnectorOptions {
  readonly policy: CheckedPolicy;
  /** The resolver of the operating system by default. */
  readonly resolve?: Resolve | undefined;
  /** Certificates of authorities (PEM) that are trusted in addition to Node's. */
  readonly ca?: readonly string[] | undefined;
  /** Called for each refusal, with its reason. */
  readonly refused: (destination: Destination, reason: string) => void;
}

/** Opens a connection that is ready to send; stops when `signal` is aborted. */
export type Connector = (destination: Destination, signal: AbortSignal) => Promise<Socket>;

/**
 * Resolves, checks and connects, in this order and once: the checked address is the one that is connected, so a name cannot
 * resolve differently in between.
 */
export function createConnector({
  policy,
  resolve = systemResolve,
  ca,
  refused,
}: ConnectorOptions): Connector {
  const authorities = ca && [...getCACertificates('default'), ...ca];

  async function addressesOf(destination: Destination): Promise<string[]> {
    const { host } = destination;
    const known = isIP(host) === 0 ? await resolve(host) : [host];
    let reason: Refusal;
    const allowed = known.filter((address) => {
      const refusal = policy.checkAddress(destination, address);
      reason ??= refusal;
      return refusal === undefined;
    });
    if (allowed.length > 0) return allowed;
    if (reason === undefined) throw Object.assign(new Error(`${host} has no address`), { code: 'ENODATA' });
    refused(destination, reason);
    throw new OutgoingError({ tag: 'HTTP-request-denied' }, reason);
  }

  return async (destination, signal) => {
    const addresses = await addressesOf(destination);
    signal.throwIfAborted();
    const { scheme, host, port } = destination;
    const target = { host, port, lookup: lookupOf(addresses), noDelay: true, keepAlive: true };
    const socket =
      scheme === 'http'
        ? connectTcp(target)
        : connectTls({
            ...target,
            // SNI never contains an address (RFC 6066 section 3).
            ...(isIP(host) === 0 && { servername: host }),
            ALPNProtocols: ['http/1.1'],
            // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect.
            rejectUnauthorized: true,
            ...(authorities && { ca: authorities }),
          });
    return settled(socket, scheme === 'http' ? 'connect' : 'secureConnect', signal);
  };
}

async function systemResolve(host: string): Promise<string[]> {
  const found = await lookupHost(host, { all: true });
  return found.map(({ address }) => address);
}

/** A lookup function for sockets that returns the checked addresses. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all === true) callback(null, known);
    else callback(null, known[0]!.address, known[0]!.family);
  };
}

function settled(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      reject(error);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}
