import type { HttpErrorCode } from '../../io/error.ts';
import type { Connections, SpareDescriptors } from './connections.ts';
import type { Resolve } from './connector.ts';
import type { Destination } from './destination.ts';
import { checkedPolicy, type OutgoingPolicy } from './policy.ts';
import { createRefusalLog } from './refusal-log.ts';
import { sendOver } from './send.ts';
import type { OutgoingHttp } from './transport.ts';

/** How guests' requests leave. */
export interface OutgoingOptions extends OutgoingPolicy {
  /** Addresses of a host; what the operating system says, when absent. All of them are checked against the policy. */
  readonly resolve?: Resolve;
  /** Certificates of authorities, as PEM, trusted besides those that Node trusts. */
  readonly ca?: readonly string[];
  /** For connections that wait for a next request; as many as they like by default. */
  readonly descriptors?: SpareDescriptors;
  /** Gets one line for each refused destination, with the flag that would allow it; repetitions only once a minute. */
  readonly refused?: (line: string) => void;
}

/**
 * Sends requests over HTTP/1.1 with connections that are kept for a while and shared between guests. Redirects are not
 * followed, bodies are not decoded, proxies of the environment are not used. Whoever opens it closes it.
 *
 * @throws WasmcpError `option-invalid` for a pattern that is none
 */
export function openOutgoing(options: OutgoingOptions = {}): OutgoingHttp {
  const policy = checkedPolicy(options);
  const log = createRefusalLog(options.refused ?? (() => {}));
  const refused = (destination: Destination, reason: string): void => log(destination.origin, reason);
  let connections: Promise<Connections> | undefined;
  let closed = false;

  /** undici takes longer to load than the rest of a worker to start, TLS a tenth of it: most guests send nothing. */
  async function open(): Promise<Connections> {
    const [{ createConnections }, { createConnector }] = await Promise.all([
      import('./connections.ts'),
      import('./connector.ts'),
    ]);
    const connector = createConnector({ policy, resolve: options.resolve, ca: options.ca, refused });
    return createConnections(connector, options.descriptors);
  }

  return {
    send(request, events) {
      const { destination } = request;
      const reason = closed ? 'closed' : policy.checkHost(destination);
      if (reason !== undefined) {
        if (!closed) refused(destination, reason);
        throw { tag: 'HTTP-request-denied' } satisfies HttpErrorCode;
      }
      connections ??= open();
      return sendOver(connections, request, events);
    },
    async close() {
      closed = true;
      await (await connections)?.close();
    },
  };
}
