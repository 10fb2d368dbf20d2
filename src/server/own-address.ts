import { isLoopback, type OutgoingPolicy } from '../../host/index.ts';
import type { Listener } from './listener.ts';
import type { ServerSettings } from './options.ts';

/** The server's address for clients, as far as it knows. */
export function ownUrl(listener: Listener | undefined): string {
  if (listener === undefined) return 'http://localhost';
  const everywhere = listener.address === '0.0.0.0' || listener.address === '::';
  return everywhere ? `http://localhost:${listener.port}` : listener.url.slice(0, -1);
}

/**
 * While only this machine can reach the server, guests may connect to loopback addresses, except to the server itself,
 * unless the policy says otherwise.
 */
export function outgoingPolicy(
  outgoing: ServerSettings['outgoing'],
  listener: Listener | undefined,
  otherPorts: readonly number[] = [],
): OutgoingPolicy {
  if (listener === undefined) return outgoing;
  const ownPorts = [listener.port, ...otherPorts];
  return { loopback: isLoopback(listener.address), ...outgoing, ownPorts };
}
