import type { BoundAddress } from './bound-address.ts';
import { type ConnectionLimits, createConnections } from './connections.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { createIdleWatch } from './idle-watch.ts';
import type { ListenTarget } from './listen-address.ts';
import type { NodeAdapter } from './node-adapter.ts';
import type { CurrentCertificate } from './tls.ts';

/** The addresses on which a server listens, in the order in which they were given. Their connections are limited together. */
export interface Listener {
  readonly addresses: readonly BoundAddress[];
  /** The URL of the first one. */
  readonly url: string;
  /** Calls `reached` once, when no request has been in progress for `limit` milliseconds from now on. */
  watchIdle(limit: number, reached: () => void): void;
  /** Refuses new connections and closes the others after their last responses; settles when all are closed. */
  close(): Promise<void>;
  /** Ends all connections immediately. */
  cut(): void;
}

export interface ListenOptions extends ConnectionLimits {
  /** Milliseconds that a connection may be idle between two requests. */
  readonly keepAlive: number;
  /** The command's option to name in messages; `--addr` by default. */
  readonly flag?: string;
  /** For TLS on addresses that are not Unix sockets. */
  readonly tls?: CurrentCertificate;
}

/** Milliseconds before an idle connection is ended when closing: a request may have arrived that is not read yet. */
const IDLE_GRACE = 50;

/** Listens on all of them or on none. @throws WasmcpError `address-unusable` */
export async function openListener(
  adapter: NodeAdapter,
  targets: readonly ListenTarget[],
  { flag = '--addr', ...options }: ListenOptions,
): Promise<Listener> {
  const idleWatch = createIdleWatch();
  const connections = createConnections(options, idleWatch);
  const endpoints: Endpoint[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    idleWatch.stop();
    connections.close();
    const grace = setTimeout(connections.endIdle, IDLE_GRACE);
    await Promise.all(endpoints.map((endpoint) => endpoint.close()));
    clearTimeout(grace);
  }

  try {
    // One after the other, so that two equal addresses are reported.
    for (const target of targets) {
      endpoints.push(await openEndpoint(target, adapter, connections, { ...options, flag }));
    }
  } catch (error) {
    connections.cut();
    await closeAll();
    throw error;
  }
  const addresses = endpoints.map(({ bound }) => bound);
  return {
    addresses,
    url: addresses[0]!.url,
    close() {
      closing ??= closeAll();
      return closing;
    },
    watchIdle: idleWatch.start,
    cut: connections.cut,
  };
}
