import type { WasmcpError } from '../../error.ts';
import type { ConnectionMetrics } from '../network/metrics.ts';
import type { Place } from './layout.ts';
import type { Subscriber } from './link.ts';
import type { Server } from './server.ts';
import type { Connector } from './server-link.ts';
import type { Address, Target } from './url.ts';

/** Which server has which keys. */
export interface Topology {
  readonly isCluster: boolean;
  serverFor(place: Place): Promise<Server>;
  /** The server at an address that another one has named. */
  serverAt(address: Address): Server;
  /** The servers that have keys. */
  servers(): Promise<readonly Server[]>;
  /** Opens a connection for messages. */
  subscribe(ended: () => void): Promise<Subscriber>;
  /** Reads the topology from the engine again. */
  refresh(): Promise<void>;
  /** The next call reads the topology from the engine again. */
  outdated(): void;
  close(): void;
  /** Of all servers. */
  metrics(): ConnectionMetrics;
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
