import {
  type Change,
  createLeaseHolder,
  type LeaseHolder,
  type SharedStore,
  type StoreMetrics,
  WasmcpError,
} from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import { assertCountable } from '../component/countable.ts';
import { assertLinked } from '../component/link-check.ts';
import { linkWithHost } from '../component/link-with-host.ts';
import { COMPLETE, type Handler } from '../http/handler.ts';
import { ComponentRunner } from './main/component-runner.ts';
import type { DispatcherLoad } from './main/dispatcher.ts';
import { type EngineResources, openResources } from './main/resources.ts';
import { warmUp } from './main/warm-up.ts';
import type { EngineInternals, EngineOptions, EngineSettings } from './options.ts';

export type { EngineInternals, EngineOptions, EngineSettings } from './options.ts';

/** The current load. */
export interface EngineLoad extends DispatcherLoad {
  /** Bytes that the process may use, and that it uses or soon will. */
  readonly memoryBudget: number;
  readonly memoryHeld: number;
  /** Syncs of the store that responses have waited for; undefined if responses do not wait. */
  readonly syncs: number | undefined;
  /** Why the store no longer gives any guarantee. */
  readonly storeFailure: WasmcpError | undefined;
  /** The store cannot be reached at the moment. */
  readonly isStoreAway: boolean;
  /** Undefined for a store that has no connections. */
  readonly storeMetrics: StoreMetrics | undefined;
}

/** A component that is ready for requests. */
export interface Engine {
  /** Closed with the engine. Responses do not wait for its `gate`: the caller must delay them. */
  readonly store: Pick<SharedStore, 'url' | 'guarantee' | 'local' | 'own' | 'gate'>;
  /** Takes leases of the store for this process; undefined if no other program can open the store. */
  readonly leases: LeaseHolder | undefined;
  readonly handle: Handler;
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
  internals: EngineInternals = {},
): Promise<Engine> {
  if (!('Suspending' in WebAssembly)) {
    throw new WasmcpError(
      'runtime-unsupported',
      `guests need JSPI (WebAssembly.Suspending), which Node ${process.versions.node} does not support: use Node 24.20 or newer, or start Node 24 with --experimental-wasm-jspi`,
    );
  }
  assertLinked(linkWithHost(component), 'wasi:http/incoming-handler');
  if (options.fuel !== undefined) assertCountable(component);
  internals.prestartedWorker?.prepare(component.glue);
  let engine: RunningEngine | undefined;
  const resources = await openResources(component, options, internals, (change) => engine?.tell(change));
  engine = new RunningEngine(component, resources);
  const started = engine.start();
  internals.starting?.();
  await started;
  return engine;
}

class RunningEngine implements Engine {
  readonly store: SharedStore;
  readonly leases: LeaseHolder | undefined;
  readonly #resources: EngineResources;
  #current: ComponentRunner;
  #closing = false;
  #reloading: Promise<void> = Promise.resolve();
  /** Closing components, whose last requests are still running. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(component: LoadedComponent, resources: EngineResources) {
    this.store = resources.store;
    this.leases = this.store.leases && createLeaseHolder(this.store.leases);
    this.#resources = resources;
    this.#current = new ComponentRunner(component, resources);
  }

  readonly handle: Handler = (request, target) => {
    const failure = this.#resources.storeFailure() ?? this.#absence();
    if (failure === undefined) return this.#current.handle(request, target);
    target.fail(failure);
    target.finished();
    return COMPLETE;
  };

  /** Why the store cannot be reached at the moment, if guests may need it: a balancer can choose another host. */
  #absence(): WasmcpError | undefined {
    const failure = this.#resources.storeAbsence();
    return failure !== undefined && this.#current.usesStore ? failure : undefined;
  }

  /** One worker is enough to respond; the start does not wait for the others. */
  async start(): Promise<void> {
    try {
      await this.#current.start(1);
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** Settles when the next change may be reported. */
  tell(change: Change): Promise<void> | undefined {
    return this.#current.tell(change);
  }

  load(): EngineLoad {
    const { storeFailure, storeAbsence, ledger } = this.#resources;
    const load = this.#current.load();
    return {
      ...load,
      memoryBudget: ledger.limit,
      memoryHeld: ledger.held,
      syncs: this.store.gate?.syncs,
      storeFailure: storeFailure(),
      isStoreAway: storeAbsence() !== undefined,
      storeMetrics: this.store.local?.metrics?.(),
    };
  }

  reload(next: LoadedComponent, limit: number, env?: EngineOptions['env']): Promise<void> {
    this.#reloading = this.#reloading.catch(() => {}).then(() => this.#replace(next, limit, env));
    return this.#reloading;
  }

  async close(limit: number): Promise<void> {
    this.#closing = true;
    await Promise.all([
      this.#current.close(limit, this.store.flush),
      this.#reloading.catch(() => {}),
      ...this.#leaving,
    ]);
    await this.leases?.close();
    await this.store.close();
  }

  async #replace(next: LoadedComponent, limit: number, env: EngineOptions['env']): Promise<void> {
    assertLinked(linkWithHost(next), 'wasi:http/incoming-handler');
    if (this.#resources.options.fuel !== undefined) assertCountable(next);
    const fresh = new ComponentRunner(next, this.#resources, env);
    try {
      // All workers: the previous component serves until then, and is replaced by as many workers.
      await fresh.start(this.#resources.threads);
      await warmUp(fresh.handle);
      if (this.#closing) throw new WasmcpError('server-closing', 'the server is closing');
    } catch (error) {
      await fresh.close(0);
      throw error;
    }
    const left = this.#current.close(limit).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
    this.#current = fresh;
  }
}
