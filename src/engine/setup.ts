import type { MessagePort } from 'node:worker_threads';
import type { Durability, OutgoingPolicy, Preopen, ProtectedPath, StoreLimits } from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import type { DescriptorMemory } from './limits/descriptors.ts';
import type { LedgerMemory } from './memory/ledger.ts';
import type { Isolation } from './worker/instance-pool.ts';

/** What a guest may see of the outside, the same for each request. Can be sent to a worker. */
export interface GuestSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly preopens: readonly Preopen[];
  /** What they never get at, wherever it lies. */
  readonly protected: readonly ProtectedPath[];
  /** Print `stdout [N] :: ` before each line of a guest's output. */
  readonly loggingPrefix: boolean;
  readonly storeLimits: StoreLimits;
  /** Bytes that the host holds for one guest at most. */
  readonly maxHostMemory: number | undefined;
  /** Where guests' HTTP requests may go. */
  readonly outgoing: OutgoingPolicy;
}

/** How a worker reaches the store: its own connection, or word to the thread that owns it. */
export type StoreSetup = {
  readonly url: string;
  /** Through which guests' requests have to leave, if there is a gate. */
  readonly gate: MessagePort | undefined;
} & ({ readonly durability: Durability } | { readonly port: MessagePort });

/** What one request finds of another, see `Isolation`. */
export interface IsolationSettings {
  readonly isolation: Isolation;
  /** Most instances that a worker keeps for later requests. */
  readonly idleLimit: number;
  /** For tests: compare all state, byte for byte, each time an instance was restored. */
  readonly verify: boolean;
}

/** What a worker is told first, through the port in its `workerData`. */
export interface WorkerSetup {
  readonly component: LoadedComponent;
  readonly settings: GuestSettings;
  readonly isolation: IsolationSettings;
  readonly store: StoreSetup;
  /** Who makes guests' HTTP requests instead of the worker, if anybody. */
  readonly fetch?: MessagePort | undefined;
  /** What guests may have open, see `descriptorTotal`; one of them so many. */
  readonly descriptors: DescriptorMemory;
  readonly maxDescriptors: number;
  /** What the process holds, see `createShare`. */
  readonly ledger: LedgerMemory;
  /** Where it shows what it has taken, see `workerPulse`. */
  readonly pulse: SharedArrayBuffer;
}
