import { WasmcpError } from '../../error.ts';
import type { Place } from './layout.ts';
import type { Subscriber } from './link.ts';
import { createServer, type Server } from './server.ts';
import type { Connector, ServerLink } from './server-link.ts';
import type { Target } from './url.ts';

/** Which server has which keys. */
export interface Topology {
  serverFor(place: Place): Promise<Server>;
  /** Those that have keys. */
  servers(): Promise<readonly Server[]>;
  /** Connects to a server for messages. */
  subscribe(ended: () => void): Promise<Subscriber>;
  /** Asks the engine again. */
  refresh(): Promise<void>;
  /** The next call asks the engine again. */
  outdated(): void;
  close(): void;
}

export interface TopologyOptions {
  readonly target: Target;
  readonly connector: Connector;
  /** Maximum number of connections to each server. */
  readonly connections: number;
  /** Milliseconds for a call. */
  readonly timeout: number;
  /** Called with the failure when a server becomes unavailable, with undefined when all are available again. */
  readonly changed: (failure: WasmcpError | undefined) => void;
}

/** One server, which has all keys. */
export function createSingle(options: TopologyOptions): Topology {
  const { target, connector, connections, timeout, changed } = options;
  const address = target.addresses[0]!;
  const connect = (): Promise<ServerLink> => connector.connect(address);
  const server = createServer({ url: target.shown, timeout, connect, connections, changed });
  return {
    serverFor: async () => server,
    servers: async () => [server],
    subscribe: (ended) => connector.subscribe(address, ended),
    async refresh() {
      throw new WasmcpError('store-unusable', `${target.shown} has become a cluster: start again`);
    },
    outdated() {},
    close: () => server.close(),
  };
}
