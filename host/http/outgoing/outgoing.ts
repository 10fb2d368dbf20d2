import type { HttpErrorCode } from '../../io/error.ts';
import type { Connections, SpareDescriptors } from './connections.ts';
import type { Resolve } from './connector.ts';
import type { Destination } from './destination.ts';
import { checkedPolicy, type OutgoingPolicy } from './policy.ts';
import { createRefusalLog } from './refusal-log.ts';
import { sendOver } from './send.ts';
import type { OutgoingHttp } from './transport.ts';

/** How guests' requests are sent. */
export interface OutgoingOptions extends OutgoingPolicy {
  /** Resolves a host; by default the resolver of the operating system. All addresses are checked against the policy. */
  readonly resolve?: Resolve;
  /** Certificates of authorities (PEM) that are trusted in addition to Node's. */
  readonly ca?: readonly string[];
  /** File descriptors for idle connections; unlimited by default. */
  readonly descriptors?: SpareDescriptors;
  /** Receives one line for each refused destination, with the flag that would allow it; at most once a minute for each. */
  readonly refused?: (line: string) => void;
}

/**
 * Sends requests over HTTP/1.1 on connections that are kept open for a while and shared between guests. Does not follow
 * redirects, decode bodies, or use proxies of the environment. The caller closes it.
 *
 * @throws WasmcpError `option-invalid` for an invalid pattern
 */
export function openOutgoing(options: OutgoingOptions = {}): OutgoingHttp {
  const policy = checkedPolicy(options);
  const log = createRefusalLog(options.refused ?? (() => {}));
  const refused = (destination: Destination, reason: string): void => log(destination.origin, reason);
  let connections: Promise<Connections> | undefined;
  let closed = false;

  /** Loaded on first use, as most guests send nothing and undici takes longer to load than the rest of a worker to start. */
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
