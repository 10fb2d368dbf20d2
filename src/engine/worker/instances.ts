import {
  type Binding,
  type ByteSink,
  createBudget,
  createDescriptors,
  type DescriptorTotal,
  Guest,
  type GuestBudget,
  type GuestIo,
  type Host,
  type Implementation,
  prefixedLines,
  type Signal,
} from '../../../host/index.ts';
import type { LoadedComponent } from '../../component/component.ts';
import type { GlueModule } from '../../component/glue.ts';
import { glueState } from '../../component/glue-state.ts';
import { bindImports } from '../../component/link-check.ts';
import type { GrowthParent } from '../../growth/account.ts';
import { findState } from '../../snapshot/exposed-state.ts';
import { coreInstantiator } from '../../snapshot/instantiate.ts';
import { createShare, type LedgerMemory } from '../memory/ledger.ts';
import { createInstancePool, type InstancePool, type Isolation, type NewInstance } from './instance-pool.ts';
import { ScheduledGuest } from './scheduled-guest.ts';
import type { Scheduler } from './scheduler.ts';
import { createTell, type Tell } from './watcher.ts';

/** An instance, with the guest and the output that its host functions are bound to for its whole life. */
export interface GuestInstance {
  readonly guest: Guest;
  /** Where the guest's output goes from now on. */
  connect(io: GuestIo): void;
  /** `wasi:http/incoming-handler#handle`; settles when the guest has finished the request. */
  handle(request: unknown, responseOut: unknown): unknown;
  readonly tell: Tell;
  /** Bytes of its memories and of what the host holds for it. */
  held(): number;
  /** Its request is over: what it still holds was measured, and is promised no more. */
  settled(): void;
}

export interface InstancesParts {
  readonly component: LoadedComponent;
  readonly glue: GlueModule;
  readonly host: Host;
  /** Maximum number of bytes that the host holds for one guest. */
  readonly maxHostMemory?: number | undefined;
  /** Descriptors of all guests together, and the limit of one guest. */
  readonly descriptors?: DescriptorTotal;
  readonly maxDescriptors?: number;
  /** What the process holds, see `createShare`; without it guests are bounded one by one. */
  readonly ledger?: LedgerMemory;
  /** Shares the thread between guests; without it each has the thread until it waits. */
  readonly scheduler?: Scheduler;
  /** An instance is not used again, and its memories have so many bytes. */
  discarded?(bytes: number): void;
  readonly isolation: Isolation;
  readonly idleLimit: number;
  readonly verify: boolean;
  /** Called once if instances cannot be restored although they should be. */
  degraded(reason: string): void;
}

/** Discards what is printed before the first request. */
const NOWHERE: GuestIo = { stdout: prefixedLines('', () => {}), stderr: prefixedLines('', () => {}) };

/** They return the same to every instance: a guest may call them during instantiation. */
const CONSTANT: ReadonlySet<string> = new Set([
  'wasi:cli/environment',
  'wasi:cli/stdin',
  'wasi:cli/stdout',
  'wasi:cli/stderr',
  'wasi:filesystem/preopens',
]);

/** The instances of this thread's component, each with its own guest. */
export function createInstances(parts: InstancesParts): InstancePool<GuestInstance> {
  const {
    component,
    glue,
    host,
    maxHostMemory,
    ledger,
    discarded,
    descriptors,
    maxDescriptors,
    scheduler,
    ...options
  } = parts;
  const handler = component.exports.find((name) => name.startsWith('wasi:http/incoming-handler@'))!;
  const limitsOf = new Map(
    Object.entries(component.modules).map(([name, module]) => [module, component.memoryLimits[name] ?? []]),
  );
  let nondeterministicInit: boolean | undefined;

  function instantiate(
    bind: Binding,
    budget: GuestBudget,
    made: (core: WebAssembly.Instance, module: WebAssembly.Module) => void,
    growth?: GrowthParent,
  ): ReturnType<GlueModule['instantiate']> {
    const instantiateCore = coreInstantiator(component, growth);
    return glue.instantiate(
      (name) => component.modules[name]!,
      bindImports(component, bind, budget),
      (module, imports) => {
        const core = instantiateCore(module, imports);
        made(core, module);
        return core;
      },
    );
  }

  /** Whether instantiation calls the host for results that may differ between instances. Tried once, with one instance. */
  function hasNondeterministicInit(): boolean {
    let constant = 0;
    const guest = new Guest(undefined, createBudget({ limit: maxHostMemory }));
    const bind = host.bind(guest, NOWHERE);
    const exports = instantiate(
      (name, shape) => {
        const implementation = bind(name, shape);
        return implementation && CONSTANT.has(name.replace(/@.*$/, ''))
          ? counting(implementation, () => {
              constant += 1;
            })
          : implementation;
      },
      guest.budget,
      () => {},
    );
    return (glueState(exports)?.hostCalls ?? 0) > constant;
  }

  function create(): NewInstance<GuestInstance> {
    const scheduled = scheduler && new ScheduledGuest(scheduler);
    const share = ledger && createShare(ledger);
    const guest = new Guest(
      scheduled,
      createBudget({ limit: maxHostMemory, parent: share }),
      createDescriptors(maxDescriptors, descriptors),
    );
    let io = NOWHERE;
    const bind = host.bind(guest, {
      stdout: new Following(() => io.stdout),
      stderr: new Following(() => io.stderr),
    });
    const cores: WebAssembly.Instance[] = [];
    const memoryLimits: number[] = [];
    const exports = instantiate(
      bind,
      guest.budget,
      (core, module) => {
        cores.push(core);
        memoryLimits.push(...limitsOf.get(module)!);
      },
      share && { tryCharge: (bytes) => share.tryGrow(bytes), release: (bytes) => share.release(bytes) },
    );
    const state = glueState(exports);
    scheduled?.connect(guest, state);
    if (state !== undefined && state.hostCalls > 0) nondeterministicInit ??= hasNondeterministicInit();
    return {
      instance: {
        guest,
        handle: exports[handler]!.handle!,
        tell: createTell(exports, bind),
        held: () => guest.budget.used + memoryOf(cores),
        settled() {
          share?.close();
          scheduled?.finish();
        },
        connect(newIo) {
          io = newIo;
        },
      },
      cores,
      memoryLimits,
      memoryLimit: component.memory.limit,
      glue: state,
      nondeterministicInit: nondeterministicInit ?? false,
    };
  }

  return createInstancePool({
    create,
    unrestorable: component.unrestorable,
    ...options,
    ...(discarded && { discarded: (instance: GuestInstance) => discarded(instance.held()) }),
  });
}

/** Bytes of all memories of these instances. */
function memoryOf(cores: readonly WebAssembly.Instance[]): number {
  return findState(cores).memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

/** The same functions, each of which reports that it was called. */
function counting(implementation: Implementation, called: () => void): Implementation {
  return Object.fromEntries(
    Object.entries(implementation).map(([name, value]) => [
      name,
      (...args: unknown[]): unknown => {
        called();
        return (value as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  );
}

/**
 * Guests get their standard streams once, during instantiation: this sink forwards to the stream of the current request. A
 * class, as an object literal with accessors would keep its instance alive until a full garbage collection.
 */
class Following implements ByteSink {
  readonly #current: () => ByteSink;

  constructor(current: () => ByteSink) {
    this.#current = current;
  }

  get capacity(): number {
    return this.#current().capacity;
  }

  get closed(): boolean {
    return this.#current().closed;
  }

  get changed(): Signal {
    return this.#current().changed;
  }

  write(chunk: Uint8Array): void {
    this.#current().write(chunk);
  }
}
