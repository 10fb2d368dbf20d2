import {
  type Change,
  type DurabilityGate,
  type Follower,
  isOpenToGuests,
  type SharedStore,
  shareStore,
  type WasmcpError,
} from '../../../host/index.ts';
import { type LoadedComponent, watcherOf } from '../../component/component.ts';
import {
  createDescriptorLedger,
  type DescriptorLedger,
  type DescriptorShares,
  shareDescriptors,
} from '../../process/limits/descriptors.ts';
import { systemLimits } from '../../process/limits/system.ts';
import { limitWarnings } from '../../process/limits/warnings.ts';
import { type Collect, collectRarely, createCollect } from '../../process/memory/collect.ts';
import { createLedger, type Ledger } from '../../process/memory/ledger.ts';
import type { EngineInternals, EngineSettings } from '../options.ts';
import { createLongPlaces, type LongPlaces } from '../protocol/long-places.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { type GuestThread, setUpWorker } from './guest-thread.ts';
import type { WorkerVoice } from './worker-handle.ts';

/** Connections to a store on another machine, by default. */
const CONNECTIONS_PER_WORKER = 4;
const MIN_CONNECTIONS = 8;

/** Milliseconds between two collections on a thread that does not belong to the engine, because each stops everything there. */
const COLLECT_INTERVAL = 1000;

/** What all components of an engine share, one after the other. */
export interface EngineResources extends Pick<WorkerVoice, 'storeBroken' | 'storeFull'> {
  readonly options: EngineSettings;
  readonly internals: EngineInternals;
  readonly store: SharedStore;
  /** Whether the first component is notified of changes, so that the store must report them. */
  readonly isWatched: boolean;
  readonly ledger: Ledger;
  readonly collect: Collect;
  readonly shares: DescriptorShares;
  /** Why the store no longer gives any guarantee. */
  storeFailure(): WasmcpError | undefined;
  /** Why the store cannot be reached at the moment. */
  storeAbsence(): WasmcpError | undefined;
  /** Logs each message once. */
  warnOnce(context: string, message: string): void;
  /** Threads that run guests: one, the caller's, without workers. */
  readonly threads: number;
  /** Lets one more worker, or this thread, run guests. */
  setUp(setup: WorkerSetup): GuestThread;
  /** What one more worker shares with the others; `close` when it has exited. */
  openForWorker(): Pick<WorkerSetup, 'descriptors' | 'ledger' | 'longPlaces'> & { close(): void };
}

/** Opens the store. `changed` is called for each change, if the component is notified of them. */
export async function openResources(
  component: LoadedComponent,
  options: EngineSettings,
  internals: EngineInternals,
  changed: (change: Change) => Promise<void> | undefined,
): Promise<EngineResources> {
  let failure: WasmcpError | undefined;
  // The store can break while it is being opened, because that writes presets.
  let gate: DurabilityGate | undefined;

  function storeBroken(reason: WasmcpError): void {
    if (failure !== undefined) return;
    failure = reason;
    gate?.fail(reason);
    void options.log('error', 'store', reason.message);
    options.storeBroken?.(reason);
  }

  let wasFull = false;
  /** Logs each change once, however many workers notice it. */
  function storeFull(isFull: boolean): void {
    if (isFull === wasFull) return;
    wasFull = isFull;
    if (isFull) {
      const full = 'the store is full: free some space on its disk; until then only reads and deletes work';
      void options.log('error', 'store', full);
    } else void options.log('info', 'store', 'the store has room again');
  }

  let absence: WasmcpError | undefined;
  const away = (reason: WasmcpError | undefined): void => {
    absence = reason;
    if (reason === undefined) void options.log('info', 'store', 'the store can be reached again');
    else void options.log('error', 'store', reason.message);
  };
  const isWatched = watcherOf(component.exports) !== undefined;
  const store = await shareStore(options.store, {
    durability: options.durability,
    broken: storeBroken,
    full: storeFull,
    follower: isWatched ? followerFor(options, changed) : undefined,
    presets: options.presets,
    away,
    access: {
      connections: Math.max(MIN_CONNECTIONS, CONNECTIONS_PER_WORKER * options.workers),
      ...options.storeAccess,
    },
  });
  gate = store.gate;
  const ledger = createLedger(options.memoryBudget);
  ledger.measured(process.memoryUsage.rss());
  const shares = checkLimits(component, options);
  const collect = options.workers > 0 ? createCollect() : collectRarely(createCollect(), COLLECT_INTERVAL);
  return {
    options,
    internals,
    store,
    isWatched,
    ledger,
    collect,
    shares,
    storeBroken,
    storeFull,
    storeFailure: () => failure,
    storeAbsence: () => absence,
    warnOnce: createWarnings(options.log),
    threads: Math.max(1, options.workers),
    setUp: await chooseThread(options, internals, collect),
    openForWorker: forWorkers(
      createDescriptorLedger(shares.guests),
      ledger,
      createLongPlaces(options.workers),
    ),
  };
}

/** Tools, and hosts with other options, may write to buckets that these guests cannot open. */
function followerFor({ log, storeLimits }: EngineSettings, changed: Follower['changed']): Follower {
  return {
    changed: (change) => (isOpenToGuests(change.bucket, storeLimits) ? changed(change) : undefined),
    lost: (reason) => void log('error', 'watcher', reason),
  };
}

/** What the system's limits leave; logs what is too low. */
function checkLimits({ memoryLimits }: LoadedComponent, options: EngineSettings): DescriptorShares {
  const { maxConnections: connections, maxDescriptors: guest, log } = options;
  const workers = Math.max(options.workers, options.maxWorkers ?? 0);
  const limits = systemLimits();
  const shares = shareDescriptors({ ...limits, workers, connections, guest });
  const memories = Object.values(memoryLimits).flat().length;
  for (const warning of limitWarnings(limits, { workers, memories, connections, shares }))
    void log('warn', 'limits', warning);
  return shares;
}

/** The code that runs guests on this thread is loaded only if needed. */
async function chooseThread(
  { workers }: EngineSettings,
  { prestartedWorker }: EngineInternals,
  collect: Collect,
): Promise<EngineResources['setUp']> {
  if (workers > 0) return (setup) => setUpWorker(setup, prestartedWorker?.take());
  const { setUpThisThread } = await import('./this-thread.ts');
  return (setup) => setUpThisThread(setup, collect);
}

function createWarnings(log: EngineSettings['log']): EngineResources['warnOnce'] {
  const told = new Set<string>();
  return (context, message) => {
    if (!told.has(message)) void log('warn', context, message);
    told.add(message);
  };
}

function forWorkers(
  descriptors: DescriptorLedger,
  ledger: Ledger,
  longPlaces: LongPlaces,
): EngineResources['openForWorker'] {
  return () => {
    const opened = {
      descriptors: descriptors.open(),
      ledger: ledger.open(),
      longPlaces: longPlaces.open(),
    };
    return {
      ...opened,
      close() {
        descriptors.close(opened.descriptors);
        ledger.close(opened.ledger);
        longPlaces.close(opened.longPlaces);
      },
    };
  };
}
