import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type Change, type Fetch, preopenWarnings, serveFetch } from '../../../host/index.ts';
import { type LoadedComponent, watcherOf } from '../../component/component.ts';
import type { Handler } from '../../http/handler.ts';
import { ownPaths } from '../../loader/own-paths.ts';
import type { EngineOptions } from '../options.ts';
import type { GuestSettings } from '../protocol/setup.ts';
import { Dispatcher, type DispatcherLoad } from './dispatcher.ts';
import type { EngineResources } from './resources.ts';
import { createWatch, type Watch } from './watch.ts';
import { startWorker, type WorkerEvents, type WorkerHandle } from './worker-handle.ts';

/** One component, the threads of its guests, and the one of its watcher. A reload replaces it. */
export class ComponentRunner {
  readonly #component: LoadedComponent;
  readonly #resources: EngineResources;
  readonly #settings: GuestSettings;
  readonly #dispatcher: Dispatcher;
  readonly #watch: Watch | undefined;

  /** `env` is its guests' environment, if not that of the options. */
  constructor(component: LoadedComponent, resources: EngineResources, env?: EngineOptions['env']) {
    const { store, threads, options } = resources;
    this.#component = component;
    this.#resources = resources;
    this.#settings = guestSettings(component, resources, env);
    for (const warning of preopenWarnings(this.#settings.preopens, this.#settings.protected))
      resources.warnOnce('files', warning);
    if (component.glue.kind === 'raw') {
      const { reason } = component.glue;
      resources.warnOnce('glue', `the component runs with jco's own glue, which is slower: ${reason}`);
    }
    this.#dispatcher = this.#createDispatcher(
      store.setup,
      threads,
      options.workers > 0 ? options.maxWorkers : undefined,
    );
    this.#watch = this.#createWatch();
  }

  /** Its guests may read or write keys. */
  get usesStore(): boolean {
    return this.#component.imports.some(({ name }) => name.startsWith('wasi:keyvalue/'));
  }

  get #isRaw(): boolean {
    return this.#component.glue.kind === 'raw';
  }

  readonly handle: Handler = (request, target) => this.#dispatcher.handle(request, target);

  /** Settles when `workers` of them can take requests, and the watcher's can. */
  async start(workers: number): Promise<void> {
    await Promise.all([this.#dispatcher.start(workers), this.#watch?.start()]);
  }

  tell(change: Change): Promise<void> | undefined {
    return this.#watch?.tell(change);
  }

  load(): DispatcherLoad {
    const load = this.#dispatcher.load();
    return this.#resources.options.workers === 0 ? { ...load, serving: 0, starting: 0 } : load;
  }

  /** Requests first, as they make changes. @param flush lets the watcher have all of those that were made */
  async close(limit: number, flush?: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await this.#dispatcher.close(limit);
    await flush?.();
    await this.#watch?.close(Math.max(0, limit - (performance.now() - start)));
  }

  #createWatch(): Watch | undefined {
    const { isWatched, store, options } = this.#resources;
    if (watcherOf(this.#component.exports) === undefined) return undefined;
    if (isWatched) {
      return createWatch({ pool: this.#createDispatcher(store.setupUntold, 1), log: options.log });
    }
    void options.log(
      'warn',
      'watcher',
      'the component is notified of changes only after a restart of the server',
    );
    return undefined;
  }

  #createDispatcher(
    connectStore: EngineResources['store']['setup'],
    workers: number,
    maxWorkers: number = workers,
  ): Dispatcher {
    const { options, ledger, collect } = this.#resources;
    return new Dispatcher({
      // Guests with raw glue do not report how much they compute.
      workers: this.#isRaw ? Math.max(workers, maxWorkers) : workers,
      maxWorkers,
      liveLimit: options.liveLimit,
      queueLimit: options.queueLimit,
      limits: this.#settings.limits,
      log: options.log,
      ledger,
      collect,
      start: (events) => this.#startWorker(connectStore, events),
    });
  }

  #startWorker(connectStore: EngineResources['store']['setup'], events: WorkerEvents): WorkerHandle {
    const { options, internals, shares, warnOnce, storeBroken, storeFull, openForWorker, setUp } =
      this.#resources;
    const { close, ...opened } = openForWorker();
    return startWorker(
      {
        component: this.#component,
        settings: this.#settings,
        isolation: {
          isolation: options.isolation,
          idleLimit: options.liveLimit,
          verify: internals.verifyRestores ?? false,
        },
        ...opened,
        maxDescriptors: shares.guest,
        store: connectStore(),
        fetch: share(options.fetch),
      },
      {
        ...events,
        output: options.output,
        log: options.log,
        // Raw glue was already reported, and explains this.
        degraded: (problem) =>
          this.#isRaw || warnOnce('isolation', `each request gets a new instance: ${problem}`),
        storeBroken,
        storeFull,
        guestUsed: internals.guestUsed,
        gone(...lost) {
          close();
          events.gone(...lost);
        },
      },
      setUp,
    );
  }
}

function guestSettings(
  component: LoadedComponent,
  { options, internals, store }: EngineResources,
  env: EngineOptions['env'],
): GuestSettings {
  return {
    env: env ?? options.env,
    args: [],
    config: options.config,
    preopens: options.directories,
    protected: ownPaths(component, store.url, options.protected),
    loggingPrefix: options.loggingPrefix,
    storeLimits: options.storeLimits,
    maxHostMemory: options.maxHostMemory,
    outgoing: options.outgoing,
    limits: {
      timeout: options.timeout,
      streamIdle: options.streamIdle,
      cpu: options.cpuLimit,
      fuel: options.fuel,
      measured: internals.guestUsed !== undefined || internals.isObserved === true,
    },
  };
}

/** For one more worker; the port must be transferred. */
function share(fetch: Fetch | undefined): MessagePort | undefined {
  if (fetch === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  serveFetch(fetch, port1);
  return port2;
}
