import type { OutgoingPolicy } from '../../host/index.ts';
import { type BoundAddress, firstTcp } from './bound-address.ts';
import type { ServerSettings } from './options.ts';

/** The server's address for clients, as far as it knows: the first one that is not a Unix socket. */
export function ownUrl(addresses: readonly BoundAddress[]): string {
  const first = firstTcp(addresses);
  if (first === undefined) return 'http://localhost';
  const isEverywhere = first.address === '0.0.0.0' || first.address === '::';
  const url = first.url.slice(0, -1);
  return isEverywhere ? `${url.slice(0, url.indexOf(':'))}://localhost:${first.port}` : url;
}

/**
 * While only this machine can reach the server, guests may connect to loopback addresses, except to the server itself,
 * unless the policy says otherwise.
 */
export function outgoingPolicy(
  outgoing: ServerSettings['outgoing'],
  addresses: readonly BoundAddress[],
  otherPorts: readonly number[] = [],
): OutgoingPolicy {
  if (addresses.length === 0) return outgoing;
  const ownPorts = [...addresses.flatMap(({ port }) => port ?? []), ...otherPorts];
  return { loopback: addresses.every(({ isLocal }) => isLocal), ...outgoing, ownPorts };
}
