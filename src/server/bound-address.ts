import { isLoopback } from '../../host/index.ts';

/** An address on which a server listens. */
export interface BoundAddress {
  /** Such as `http://127.0.0.1:8080/` or `unix:/run/mcp.sock`. */
  readonly url: string;
  /** The IP address, or the path of the Unix socket. */
  readonly address: string;
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
  /** Whether only processes on this machine can connect: a loopback address or a Unix socket. */
  readonly isLocal: boolean;
}

export function tcpAddress(scheme: 'http' | 'https', address: string, port: number): BoundAddress {
  const host = address.includes(':') ? `[${address}]` : address;
  return { url: `${scheme}://${host}:${port}/`, address, port, isLocal: isLoopback(address) };
}

export function unixAddress(path: string): BoundAddress {
  return { url: `unix:${path}`, address: path, port: undefined, isLocal: true };
}

/** The first address that clients of HTTP can be configured with by its URL; not every client supports Unix sockets. */
export function firstTcp(addresses: readonly BoundAddress[]): BoundAddress | undefined {
  return addresses.find(({ port }) => port !== undefined);
}
