import { lookup as lookupHost } from 'node:dns/promises';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates } from 'node:tls';
import type { Destination } from './destination.ts';
import { OutgoingError } from './error-code.ts';
import type { CheckedPolicy, Refusal } from './policy.ts';

/** The addresses of a host; fails like `dns.lookup` when there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface ConnectorOptions {
  readonly policy: CheckedPolicy;
  /** What the operating system says, when absent. */
  readonly resolve?: Resolve | undefined;
  /** Certificates of authorities, as PEM, trusted besides those that Node trusts. */
  readonly ca?: readonly string[] | undefined;
  /** Told about a refusal, with its reason. */
  readonly refused: (destination: Destination, reason: string) => void;
}

/** Opens a connection, ready to send on; stops trying when `signal` is aborted. */
export type Connector = (destination: Destination, signal: AbortSignal) => Promise<Socket>;

/**
 * Resolves, checks and connects, in this order and once: the address that was checked is the one that is connected
 * to, so a name server cannot answer differently in between.
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
    const target = { host, port, lookup: answering(addresses), noDelay: true, keepAlive: true };
    const socket =
      scheme === 'http'
        ? connectTcp(target)
        : connectTls({
            ...target,
            // The name of a certificate is never an address in SNI (RFC 6066 section 3).
            ...(isIP(host) === 0 && { servername: host }),
            ALPNProtocols: ['http/1.1'],
            // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED has no say.
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

/** Answers a socket's question for addresses with those that were checked. */
function answering(addresses: readonly string[]): LookupFunction {
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
