import { MessageChannel, type MessagePort } from 'node:worker_threads';
import {
  type Durability,
  type DurabilityGate,
  type Fetch,
  type OutgoingPolicy,
  type Preopen,
  type ProtectedPath,
  preopenWarnings,
  type Store,
  type StoreLimits,
  serveFetch,
  WasmcpError,
} from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import { assertLinked } from '../component/link-check.ts';
import { linkWithHost } from '../component/link-with-host.ts';
import { COMPLETE, type Handler } from '../http/handler.ts';
import type { Resolved } from '../options/resolve.ts';
import { createDescriptorLedger, shareDescriptors } from './limits/descriptors.ts';
import { systemLimits } from './limits/system.ts';
import { limitWarnings } from './limits/warnings.ts';
import { createDispatcher, type Dispatcher, type DispatcherLoad } from './main/dispatcher.ts';
import { ownPaths } from './main/own-paths.ts';
import type { PrestartedWorkers } from './main/prestarted-worker.ts';
import { reportFull } from './main/report-full.ts';
import { shareStore } from './main/share-store.ts';
import { warmUp } from './main/warm-up.ts';
import { createWatch, type Watch, watcherOf } from './main/watch.ts';
import { startWorker } from './main/worker-handle.ts';
import { createCollect } from './memory/collect.ts';
import { createLedger } from './memory/ledger.ts';
import { createLongPlaces } from './protocol/long-places.ts';
import type { GuestSettings } from './protocol/setup.ts';
import type { Isolation } from './worker/instance-pool.ts';

/** How the engine runs guests. */
export interface EngineOptions {
  /** A URL (`sqlite:PATH`, `memory:`), which the engine opens and closes, or a store that the caller owns. */
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
  /** Worker threads; 1 by default. Up to 10 more are on standby or replace those that a guest keeps busy. */
  readonly workers?: number;
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
  /** Receives what guests print, in whole lines; discarded by default. Guests that print wait for a returned promise. */
  readonly output?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void | Promise<void>;
  /**
   * Receives errors, and what guests log through wasi:logging; discarded by default. While promises for more than a
   * megabyte are pending, guests' messages are dropped.
   */
  readonly log?: (level: string, context: string, message: string) => void | Promise<void>;
}

/** Options that are undefined unless given. */
type OptionalOption = 'storeBroken' | 'fetch' | 'outgoing';

/** The options of an engine with their defaults. */
export interface EngineSettings
  extends Resolved<EngineOptions, Exclude<keyof EngineOptions, OptionalOption>>,
    Pick<EngineOptions, 'storeBroken' | 'fetch'> {
  readonly outgoing: OutgoingPolicy;
}

/** What the commands and tests need beyond the public options. */
export interface EngineInternals {
  /** After each request, compare the restored instance with its initial state, byte for byte. */
  readonly verifyRestores?: boolean;
  /** Workers that were started before the component was loaded, used first. */
  readonly prestartedWorkers?: PrestartedWorkers;
}

/** The current load. */
export interface EngineLoad extends DispatcherLoad {
  /** Syncs of the store that responses have waited for; undefined if responses do not wait. */
  readonly syncs: number | undefined;
  /** Why the store no longer gives any guarantee. */
  readonly storeFailure: WasmcpError | undefined;
}

/** A component that is ready for requests. */
export interface Engine {
  /** The store's URL, for messages. */
  readonly storeUrl: string;
  /** The store itself if it lives on this thread; each user of an SQLite file opens the file itself. */
  readonly localStore: Store | undefined;
  /** Responses do not wait for the store: the caller must delay them with `gate`. */
  readonly handle: Handler;
  /** Opens once everything written before is on disk; undefined if responses need not wait. */
  readonly gate: DurabilityGate | undefined;
  load(): EngineLoad;
  /**
   * Switches to another component, with the same store and options, except for the environment if `env` is given. The new
   * component takes over once it has responded to a test request; requests in flight finish in the previous component, within
   * `limit` milliseconds. On failure the previous component keeps running.
   *
   * @throws WasmcpError `component-unlinkable`, and the error of the test request
   */
  reload(component: LoadedComponent, limit: number, env?: EngineOptions['env']): Promise<void>;
  /** Accepts no new requests; waits at most `limit` milliseconds for those in flight, then closes what the engine opened. */
  close(limit: number): Promise<void>;
}

/**
 * Links the component, opens the store and starts the workers. On failure, closes what was opened.
 *
 * @throws WasmcpError `runtime-unsupported`, `component-unlinkable`, `store-*`, `directory-unusable`
 */
export async function startEngine(
  component: LoadedComponent,
  options: EngineSettings,
  { verifyRestores = false, prestartedWorkers }: EngineInternals = {},
): Promise<Engine> {
  if (!('Suspending' in WebAssembly)) {
    throw new WasmcpError(
      'runtime-unsupported',
      `guests need JSPI (WebAssembly.Suspending), which Node ${process.versions.node} does not support: use Node 24 or newer`,
    );
  }
  assertLinked(await linkWithHost(component), 'wasi:http/incoming-handler');
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

  const storeFull = reportFull((level, message) => void options.log(level, 'store', message));

  const isWatched = watcherOf(component.exports) !== undefined;
  const store = await shareStore(options.store, {
    durability: options.durability,
    broken: storeBroken,
    full: storeFull,
    changed: isWatched ? (change) => watch?.tell(change) : undefined,
    presets: options.presets,
  });
  gate = store.gate;
  const { liveLimit, maxConnections: connections, workers, log } = options;
  /** Settings that depend on the component: its file, and the environment of its guests. */
  const settingsFor = (component: LoadedComponent, env: EngineOptions['env']): GuestSettings => ({
    env: env ?? options.env,
    args: [],
    config: options.config,
    preopens: options.directories,
    protected: ownPaths(component, store.url, options.protected),
    loggingPrefix: options.loggingPrefix,
    storeLimits: options.storeLimits,
    maxHostMemory: options.maxHostMemory,
    outgoing: options.outgoing,
  });
  const isolation = {
    isolation: options.isolation,
    idleLimit: liveLimit,
    verify: verifyRestores,
  };
  const ledger = createLedger(options.memoryBudget);
  ledger.measured(process.memoryUsage.rss());
  const limits = systemLimits();
  const shares = shareDescriptors({ ...limits, workers, connections, guest: options.maxDescriptors });
  const memories = Object.values(component.memoryLimits).flat().length;
  for (const warning of limitWarnings(limits, { workers, memories, connections, shares }))
    void log('warn', 'limits', warning);
  const descriptors = createDescriptorLedger(shares.guests);
  const longPlaces = createLongPlaces(workers);
  const told = new Set<string>();
  const poolOptions = {
    workers,
    liveLimit,
    queueLimit: options.queueLimit,
    timeout: options.timeout,
    streamIdle: options.streamIdle,
    output: options.output,
    ledger,
    collect: createCollect(),
    log,
  };

  function tell(context: string, message: string): void {
    if (!told.has(message)) void log('warn', context, message);
    told.add(message);
  }

  function prepare(component: LoadedComponent, env: EngineOptions['env']): GuestSettings {
    const settings = settingsFor(component, env);
    for (const warning of preopenWarnings(settings.preopens, settings.protected)) tell('files', warning);
    return settings;
  }

  function poolFor(
    component: LoadedComponent,
    settings: GuestSettings,
    reach = store.setup,
    workers = poolOptions.workers,
  ): Dispatcher {
    const { kind, reason } = component.glue;
    const isRaw = kind === 'raw';
    if (isRaw) tell('glue', `the component runs with jco's own glue, which is slower: ${reason}`);
    return createDispatcher({
      ...poolOptions,
      workers,
      // Raw glue was already reported, and explains this.
      degraded: (problem) => isRaw || tell('isolation', `each request gets a new instance: ${problem}`),
      start(events) {
        const opened = {
          descriptors: descriptors.open(),
          ledger: ledger.open(),
          longPlaces: longPlaces.open(),
        };
        return startWorker(
          {
            component,
            settings,
            isolation,
            ...opened,
            maxDescriptors: shares.guest,
            store: reach(),
            fetch: share(options.fetch),
          },
          {
            ...events,
            storeBroken,
            storeFull,
            gone(...lost) {
              descriptors.close(opened.descriptors);
              ledger.close(opened.ledger);
              longPlaces.close(opened.longPlaces);
              events.gone(...lost);
            },
          },
          prestartedWorkers?.take(),
        );
      },
    });
  }

  function watchFor(component: LoadedComponent, settings: GuestSettings): Watch | undefined {
    if (watcherOf(component.exports) === undefined) return undefined;
    if (isWatched) return createWatch({ pool: poolFor(component, settings, store.setupUntold, 1), log });
    void log('warn', 'watcher', 'the component is notified of changes only after a restart of the server');
    return undefined;
  }

  const first = prepare(component, undefined);
  let pool = poolFor(component, first);
  let watch = watchFor(component, first);
  let closing = false;
  let reloading: Promise<void> = Promise.resolve();
  /** Closing components, whose last requests are still running. */
  const leaving = new Set<Promise<void>>();

  async function replace(next: LoadedComponent, limit: number, env: EngineOptions['env']): Promise<void> {
    assertLinked(await linkWithHost(next), 'wasi:http/incoming-handler');
    const settings = prepare(next, env);
    const fresh = poolFor(next, settings);
    const freshWatch = watchFor(next, settings);
    try {
      // All workers: the previous component serves until then, and is replaced by as many workers.
      await Promise.all([fresh.start(poolOptions.workers), freshWatch?.start()]);
      await warmUp(fresh.handle);
      if (closing) throw new WasmcpError('server-closing', 'the server is closing');
    } catch (error) {
      await Promise.all([fresh.close(0), freshWatch?.close(0)]);
      throw error;
    }
    const left = end(limit).finally(() => leaving.delete(left));
    leaving.add(left);
    pool = fresh;
    watch = freshWatch;
  }

  /** Closes the current component: requests first, as they make changes. */
  async function end(limit: number): Promise<void> {
    const [requests, changes] = [pool, watch];
    const start = performance.now();
    await requests.close(limit);
    await changes?.close(Math.max(0, limit - (performance.now() - start)));
  }

  async function close(limit: number): Promise<void> {
    closing = true;
    await Promise.all([end(limit), reloading.catch(() => {}), ...leaving]);
    await store.close();
  }

  try {
    // One worker is enough to respond; the start does not wait for the others.
    await Promise.all([pool.start(1), watch?.start()]);
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    storeUrl: store.url,
    localStore: store.local,
    gate: store.gate,
    handle(request, target) {
      if (failure === undefined) return pool.handle(request, target);
      target.fail(failure);
      target.finished();
      return COMPLETE;
    },
    load: () => ({ ...pool.load(), syncs: store.gate?.syncs, storeFailure: failure }),
    reload(next, limit, env) {
      reloading = reloading.catch(() => {}).then(() => replace(next, limit, env));
      return reloading;
    },
    close,
  };
}

/** For one more worker; the port must be transferred. */
function share(fetch: Fetch | undefined): MessagePort | undefined {
  if (fetch === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  serveFetch(fetch, port1);
  return port2;
}
