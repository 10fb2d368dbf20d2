import type {
  Durability,
  Fetch,
  OutgoingPolicy,
  Preopen,
  ProtectedPath,
  Store,
  StoreAccess,
  StoreLimits,
  WasmcpError,
} from '../../host/index.ts';
import type { Resolved } from '../options/resolve.ts';
import type { InstanceCounts } from '../snapshot/instance-counter.ts';
import type { Isolation } from '../snapshot/restoration.ts';
import type { PrestartedWorker } from './main/prestarted-worker.ts';

/** How the engine runs guests. */
export interface EngineOptions {
  /** A URL (`sqlite:PATH`, `memory:`, `postgres://…`, `redis://…`), which the engine opens and closes, or a store that the caller owns. */
  readonly store?: string | Store;
  /**
   * What the writes of an acknowledged request survive, with a store on SQLite: `power`, the default, delays each response
   * until its writes are on disk, with one sync for all that wait; `process` does not wait, so a power cut loses the last
   * writes; `strict` syncs each write by itself. Other kinds of stores have guarantees of their own.
   */
  readonly durability?: Durability;
  /**
   * Called once, when the store's disk failed or its file was deleted: every request gets 503 from then on, and the process
   * should exit, as only a restart shows what is on disk.
   */
  readonly storeBroken?: (failure: WasmcpError) => void;
  /** How a store on another machine is reached. Its connections are 4 for each worker by default, and 8 at least. */
  readonly storeAccess?: StoreAccess;
  /** Limits on what guests write, and the buckets that they may use. */
  readonly storeLimits?: StoreLimits;
  /**
   * Bytes that the host holds for one guest in addition to its linear memory, such as bodies, headers and values; 256 MiB
   * by default. A call that needs more fails, or traps if its interface has no error.
   */
  readonly maxHostMemory?: number;
  /**
   * Bytes that the process may use, three quarters of the container's or the machine's memory by default. Near the limit
   * requests wait; above it guests that allocate more are terminated, the largest first.
   */
  readonly memoryBudget?: number;
  /**
   * Files and outgoing connections that one guest may have open, 256 by default; fewer if the process's own limit is low.
   * One more fails with `insufficient-memory` or `connection-limit-reached`.
   */
  readonly maxDescriptors?: number;
  /** Concurrent client connections, whose descriptors are reserved from guests; 1000 by default. */
  readonly maxConnections?: number;
  /** The guest's whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Entries of wasi:config/store. */
  readonly config?: Readonly<Record<string, string>>;
  /** Initial keys of the default bucket; a key that the store already has keeps its value. */
  readonly presets?: readonly (readonly [string, string])[];
  readonly directories?: readonly Preopen[];
  /** Paths below `directories` that guests cannot access, in addition to the store, the component and the caches. */
  readonly protected?: readonly ProtectedPath[];
  /** Where guests' HTTP requests may go; public addresses only by default. */
  readonly outgoing?: Omit<OutgoingPolicy, 'ownPorts'>;
  /** Sends all HTTP requests of guests, on this thread; `outgoing` is ignored then. */
  readonly fetch?: Fetch;
  /** Print `stdout [N] :: ` before each line of a guest's output; on by default. */
  readonly loggingPrefix?: boolean;
  /** Which state of earlier requests a request sees; none (`request`) by default. */
  readonly isolation?: Isolation;
  /**
   * Worker threads; 1 by default. With 0, guests run on the caller's thread, and give it up after at most some milliseconds;
   * refused for components whose code cannot be interrupted.
   */
  readonly workers?: number;
  /**
   * Maximum number of worker threads while computing guests fill the others; `workers` by default. The additional one is ended some
   * seconds after these guests.
   */
  readonly maxWorkers?: number;
  /** Maximum number of live guests in one worker; 64 by default. */
  readonly liveLimit?: number;
  /** Maximum number of queued requests; 1024 by default. One more gets 503. */
  readonly queueLimit?: number;
  /**
   * Milliseconds within which a response must start, 30 s by default, counted from the arrival of the request's head and
   * body: waiting for a worker counts. The guest must return within the same time after its response ends.
   */
  readonly timeout?: number;
  /** Maximum time without progress of a response in milliseconds; 5 min by default. */
  readonly streamIdle?: number;
  /** Milliseconds of processor time that a guest may use for one request; no limit by default. Above it, the response is 504. */
  readonly cpuLimit?: number;
  /**
   * Units that a guest may execute for one request, without limit by default: about one per instruction, and never more than the
   * fuel that wasmtime would use. Above the limit the guest traps, always at the same instruction. Refused for components with
   * code that is not counted.
   */
  readonly fuel?: number;
  /** Receives what guests print, in whole lines; discarded by default. Guests that print wait for a returned promise. */
  readonly output?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void | Promise<void>;
  /**
   * Receives errors, and what guests log through wasi:logging; discarded by default. While promises for more than a
   * megabyte are pending, guests' messages are dropped.
   */
  readonly log?: (level: string, context: string, message: string) => void | Promise<void>;
}

/** Options that are undefined unless given. */
type OptionalOption = 'storeBroken' | 'fetch' | 'outgoing' | 'maxWorkers' | 'cpuLimit' | 'fuel';

/** The options of an engine with their defaults. */
export interface EngineSettings
  extends Resolved<EngineOptions, Exclude<keyof EngineOptions, OptionalOption>>,
    Pick<EngineOptions, Exclude<OptionalOption, 'outgoing'>> {
  readonly outgoing: OutgoingPolicy;
}

/** What the commands and tests need beyond the public options. */
export interface EngineInternals {
  /** After each request, compare the restored instance with its initial state, byte for byte. */
  readonly verifyRestores?: boolean;
  /**
   * Called with the milliseconds of processor time and the units that the guest of one request has used, and with what became
   * of instances of its worker since the last call.
   */
  readonly guestUsed?: (cpu: number, units: number, instances?: InstanceCounts) => void;
  /** Whether requests may be observed, so that what guests use is measured. */
  readonly isObserved?: boolean;
  /** A worker that was started before the component was loaded, used first. */
  readonly prestartedWorker?: PrestartedWorker;
  /** Called once the first worker has its setup: this thread has nothing else to do until it is ready. */
  readonly starting?: () => void;
}
