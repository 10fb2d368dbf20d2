import type { MessagePort } from 'node:worker_threads';
import type { HostOptions, OutgoingPolicy, StoreLimits, StoreSetup } from '../../../host/index.ts';
import type { Glue, LoadedComponent } from '../../component/component.ts';
import type { DescriptorMemory } from '../../process/limits/descriptors.ts';
import type { LedgerMemory } from '../../process/memory/ledger.ts';
import type { InstancePoolOptions } from '../../snapshot/instance-pool.ts';
import type { LongPlacesMemory } from './long-places.ts';
import type { GuestLimits } from './time-limits.ts';

/** What a guest can access, the same for each request or run. Can be sent to a worker. */
export interface GuestAccess
  extends Required<Pick<HostOptions, 'env' | 'args' | 'config' | 'preopens' | 'protected'>> {
  readonly storeLimits: StoreLimits;
  /** Maximum number of bytes that the host holds for one guest. */
  readonly maxHostMemory?: number | undefined;
  /** Where guests may send HTTP requests. */
  readonly outgoing: OutgoingPolicy;
}

/** What guests that serve requests get. */
export interface GuestSettings extends GuestAccess {
  /** Print `stdout [N] :: ` before each line of a guest's output. */
  readonly loggingPrefix: boolean;
  /** How much they may take. */
  readonly limits: GuestLimits;
}

/** May precede the setup: the worker runs the glue while the store is opened. */
export interface WorkerPreparation {
  readonly glue: Glue;
}

/** What a worker waits for. */
export interface WorkerSetup {
  readonly component: LoadedComponent;
  readonly settings: GuestSettings;
  readonly isolation: Required<Pick<InstancePoolOptions<unknown>, 'isolation' | 'idleLimit' | 'verify'>>;
  readonly store: StoreSetup;
  /** Sends guests' HTTP requests instead of the worker, if given. */
  readonly fetch?: MessagePort | undefined;
  /** Descriptors of all guests together, see `descriptorTotal`; `maxDescriptors` is the limit of one guest. */
  readonly descriptors: DescriptorMemory;
  readonly maxDescriptors: number;
  /** The process's memory, see `createShare`. */
  readonly ledger: LedgerMemory;
  /** Places for long-running guests, see `workerPlaces`. */
  readonly longPlaces: LongPlacesMemory;
  /** Where the worker counts the messages that it has taken, see `MessageCounts`. */
  readonly counts: SharedArrayBuffer;
}
