import { WasmcpError } from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import type { Engine, EngineLoad } from '../engine/engine.ts';
import type { Handler } from '../http/handler.ts';
import type { Mcp } from '../mcp/mcp.ts';
import type { Retention } from '../mcp/sessions/retention.ts';
import type { Phase, ServerStatus } from './admin/monitor.ts';
import type { Drain } from './drain.ts';
import type { Listener } from './listener.ts';
import type { ServedComponent } from './served-component.ts';

/** A server from its start to its end. It starts once, reloads as often as asked, and stops once. */
export interface Lifecycle {
  /** Undefined until it has started. */
  readonly engine: Engine | undefined;
  readonly served: ServedComponent;
  /** Serves requests with the current component. Must not be called before the start. */
  readonly handle: Handler;
  status(): ServerStatus;
  /** @throws WasmcpError `server-closing` once it stops */
  assertOpen(): void;
  /**
   * Starts the engine; later calls return the same one.
   *
   * @throws WasmcpError `server-closing`, and what `startEngine` fails with
   */
  start(): Promise<Engine>;
  /** Replaces the component, or fails and keeps the previous one. */
  reload(next: LoadedComponent, limit: number): Promise<void>;
  /** Closes everything, `limit` milliseconds later at most. Later calls return the same promise. */
  stop(limit: number, binding: Promise<Listener> | undefined): Promise<void>;
}

export interface LifecycleParts {
  readonly mcp: Mcp;
  readonly drain: Drain;
  /** @throws WasmcpError `option-invalid` */
  readonly derive: (component: LoadedComponent) => ServedComponent;
  readonly startEngine: (component: LoadedComponent) => Promise<Engine>;
  readonly pipeline: (component: LoadedComponent, engine: Engine) => Promise<Handler>;
  /** Called when no request is left, before the engine closes the store. */
  readonly detach?: () => Promise<void>;
}

/** @throws WasmcpError `option-invalid` */
export function createLifecycle(component: LoadedComponent, parts: LifecycleParts): Lifecycle {
  const { mcp, drain } = parts;
  let served = parts.derive(component);
  let pipeline: Handler | undefined;
  let starting: Promise<Engine> | undefined;
  let engine: Engine | undefined;
  let stopping: Promise<void> | undefined;
  let retention: Retention | undefined;
  /** Sessions that the retentions of previous components have purged. */
  let purgedBefore = 0;

  function assertOpen(): void {
    if (stopping !== undefined) throw new WasmcpError('server-closing', 'the server is closed');
  }

  async function begin(): Promise<Engine> {
    const started = await parts.startEngine(component);
    try {
      await mcp.probe(component, started.store.local);
      pipeline = await parts.pipeline(component, started);
      retention = mcp.retain(component, started.store.local, started.leases);
    } catch (error) {
      await started.close(0);
      throw error;
    }
    engine = started;
    return started;
  }

  async function start(): Promise<Engine> {
    assertOpen();
    starting ??= begin();
    return starting;
  }

  async function reload(next: LoadedComponent, limit: number): Promise<void> {
    const started = await start();
    const derived = parts.derive(next);
    const nextPipeline = await parts.pipeline(next, started);
    await mcp.probe(next, started.store.local);
    await started.reload(next, limit, mcp.environment(next));
    // All of it at once, now that nothing can fail any more.
    served = derived;
    pipeline = nextPipeline;
    if (stopping !== undefined) return;
    const former = retention;
    retention = mcp.retain(next, started.store.local, started.leases);
    await former?.close();
    purgedBefore += former?.purged ?? 0;
  }

  return {
    get engine() {
      return engine;
    },
    get served() {
      return served;
    },
    handle(request, writer) {
      if (pipeline === undefined) throw new TypeError('a request before the start');
      return pipeline(request, writer);
    },
    status() {
      const load = engine?.load();
      const phase = stopping === undefined ? phaseOf(load) : 'draining';
      const purgedSessions = purgedBefore + (retention?.purged ?? 0);
      const { url: storeUrl, guarantee: storeGuarantee } = engine?.store ?? {};
      const sessions = retention?.count;
      return { phase, storeUrl, storeGuarantee, load, purgedSessions, sessions };
    },
    assertOpen,
    start,
    reload,
    stop(limit, binding) {
      stopping ??= shutDown(
        { mcp, binding, starting, retention: () => retention, drain, detach: parts.detach },
        limit,
      );
      return stopping;
    },
  };
}

function phaseOf(load: EngineLoad | undefined): Exclude<Phase, 'draining'> {
  if (load === undefined) return 'starting';
  if (load.storeFailure !== undefined) return 'store-broken';
  return load.isStoreAway ? 'store-unavailable' : 'ready';
}

interface Running {
  readonly mcp: Mcp;
  readonly binding: Promise<Listener> | undefined;
  readonly starting: Promise<Engine> | undefined;
  readonly retention: () => Retention | undefined;
  readonly drain: Drain;
  readonly detach: LifecycleParts['detach'];
}

async function shutDown(
  { mcp, binding, starting, retention, drain, detach }: Running,
  limit: number,
): Promise<void> {
  const deadline = performance.now() + limit;
  const left = (): number => Math.max(0, deadline - performance.now());
  const listener = await binding?.catch(() => undefined);
  const disconnected = listener?.close();
  const engine = await starting?.catch(() => undefined);
  const retired = retention()?.close();
  // Requests that still wait for the engine go first: it accepts none once it closes.
  await drain.drain(left());
  await mcp.finishTasks(left());
  await retired;
  await detach?.();
  await engine?.close(left());
  const timer = setTimeout(() => listener?.cut(), left());
  await disconnected;
  clearTimeout(timer);
}
