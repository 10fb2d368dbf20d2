import {
  type Binding,
  createBudget,
  createDescriptors,
  type DescriptorTotal,
  Guest,
  type GuestBudget,
  type GuestIo,
  type Host,
  Operations,
  RedirectedIo,
  WasmcpError,
} from '../../../host/index.ts';
import type { GlueModule } from '../../component/glue.ts';
import { glueState } from '../../component/glue-state.ts';
import { bindImports } from '../../component/link-check.ts';
import type { GrowthParent } from '../../growth/account.ts';
import { createMeter, type Meter } from '../../metering/meter.ts';
import { FIRST_QUANTUM } from '../../metering/quantum.ts';
import { type Heap, HeapShare } from '../../process/memory/heap-share.ts';
import { createShare, type MemoryShare } from '../../process/memory/ledger.ts';
import { findState } from '../../snapshot/exposed-state.ts';
import {
  createInstancePool,
  type InstancePool,
  type InstancePoolOptions,
} from '../../snapshot/instance-pool.ts';
import { coreInstantiator } from '../../snapshot/instantiate.ts';
import { countingConstantCalls } from '../../snapshot/nondeterministic-init.ts';
import type { NewInstance } from '../../snapshot/restoration.ts';
import type { SpareOptions } from '../../snapshot/spares.ts';
import type { GuestSettings, WorkerSetup } from '../protocol/setup.ts';
import type { ScheduledGuest } from './scheduled-guest.ts';
import { StartTimes } from './start-times.ts';
import { createTell, type Tell } from './watcher.ts';

/** An instance, with the guest and the output that its host functions are bound to for its whole life. */
export interface GuestInstance {
  readonly guest: Guest;
  /** Its share of the thread. */
  readonly scheduled: ScheduledGuest;
  /** Where the guest's output goes from now on. */
  connect(io: GuestIo): void;
  /** `wasi:http/incoming-handler#handle`; settles when the guest has finished the request. */
  handle(request: unknown, responseOut: unknown): unknown;
  readonly tell: Tell;
  /** Bytes of its memories and of what the host holds for it. */
  held(): number;
  /** Its request is over: its memory was measured, so the promise ends. */
  settled(): void;
}

export interface InstancesParts
  extends Pick<WorkerSetup, 'component' | 'ledger' | 'maxDescriptors'>,
    Pick<GuestSettings, 'maxHostMemory' | 'limits'>,
    Pick<
      InstancePoolOptions<GuestInstance>,
      'isolation' | 'idleLimit' | 'verify' | 'deferCheck' | 'degraded' | 'discarded'
    > {
  readonly glue: GlueModule;
  readonly host: Host;
  /** Descriptors of all guests together. */
  readonly descriptors: DescriptorTotal;
  /** The heap of this thread. */
  readonly heap: Heap;
  /** For one more guest that shares the thread with others. */
  schedule(): ScheduledGuest;
  /** Calls back once nothing waits for this thread; without it, there are no spare instances. */
  readonly whenCalm?: SpareOptions['whenCalm'] | undefined;
}

/**
 * Number of first requests that use the idle instances in turn: what V8 optimizes for the functions of one instance only, it
 * optimizes again when another one is used.
 */
const IN_TURN = 1000;

/** The instances of this thread's component, each with its own guest. */
export function createInstances(parts: InstancesParts): InstancePool<GuestInstance> {
  const { component, whenCalm } = parts;
  const factory = new InstanceFactory(parts);
  return createInstancePool({
    ...parts,
    create: () => factory.create(),
    unrestorable: component.unrestorable,
    inTurn: IN_TURN,
    ...(whenCalm && { spares: { bytes: () => factory.bytes, whenCalm } }),
  });
}

/** What glue has made of the component. */
interface Instantiated extends Pick<NewInstance<unknown>, 'cores' | 'memoryLimits'> {
  readonly exports: ReturnType<GlueModule['instantiate']>;
}

class InstanceFactory {
  readonly #parts: InstancesParts;
  readonly #handler: string;
  readonly #memoryLimits: ReadonlyMap<WebAssembly.Module, readonly number[]>;
  readonly #starts = new StartTimes();
  /** Bytes of the memories of the last instance when it was made. */
  bytes = 0;

  constructor(parts: InstancesParts) {
    const { exports, modules, memoryLimits } = parts.component;
    this.#parts = parts;
    this.#handler = exports.find((name) => name.startsWith('wasi:http/incoming-handler@'))!;
    this.#memoryLimits = new Map(
      Object.entries(modules).map(([name, module]) => [module, memoryLimits[name] ?? []]),
    );
  }

  create(): NewInstance<GuestInstance> {
    const parts = this.#parts;
    const { component, host } = parts;
    const scheduled = parts.schedule();
    const meter = this.#createMeter(scheduled, parts.limits.fuel);
    const share = createShare(parts.ledger);
    const guest = new Guest(
      scheduled,
      createBudget({
        limit: parts.maxHostMemory,
        parent: new HeapShare(parts.heap, share),
        large: meter.askSoon,
        returned: () => scheduled.sampleTime(),
      }),
      createDescriptors(parts.maxDescriptors, parts.descriptors),
      parts.limits.measured ? new Operations() : undefined,
    );
    const io = new RedirectedIo();
    const bind = host.bind(guest, io);
    const began = performance.now();
    const { exports, cores, memoryLimits } = withReason(scheduled, () =>
      this.#instantiate(bind, guest.budget, meter, growthOf(share)),
    );
    this.#starts.took(performance.now() - began);
    const state = glueState(exports);
    scheduled.connect(guest, state);
    const { memories } = findState(cores);
    this.bytes = sizeOf(memories);
    const callsHost = state !== undefined && state.hostCalls > 0;
    return {
      instance: {
        guest,
        scheduled,
        handle: exports[this.#handler]!.handle!,
        tell: createTell(exports, bind),
        held: () => guest.budget.used + sizeOf(memories),
        settled() {
          share.close();
          scheduled.finish();
        },
        connect(newIo) {
          io.current = newIo;
        },
      },
      cores,
      memoryLimits,
      memoryLimit: component.memory.limit,
      glue: state,
      hasNondeterministicInit: () => callsHost && this.#hasNondeterministicInit(),
    };
  }

  #createMeter(scheduled: ScheduledGuest, fuel?: number): Meter {
    const meter = createMeter(scheduled, FIRST_QUANTUM, fuel);
    scheduled.instantiates(meter, this.#starts.longest);
    return meter;
  }

  #instantiate(bind: Binding, budget: GuestBudget, meter: Meter, growth?: GrowthParent): Instantiated {
    const { component, glue } = this.#parts;
    const instantiateCore = coreInstantiator(component, growth, meter);
    const cores: WebAssembly.Instance[] = [];
    const memoryLimits: number[] = [];
    const exports = glue.instantiate(
      (name) => component.modules[name]!,
      bindImports(component, bind, budget),
      (module, imports) => {
        const core = instantiateCore(module, imports);
        cores.push(core);
        memoryLimits.push(...this.#memoryLimits.get(module)!);
        return core;
      },
    );
    return { exports, cores, memoryLimits };
  }

  /** Whether instantiation calls the host for results that may differ between instances. Tried with one instance. */
  #hasNondeterministicInit(): boolean {
    const { host, maxHostMemory } = this.#parts;
    const guest = new Guest(undefined, createBudget({ limit: maxHostMemory }));
    const { bind, count } = countingConstantCalls(host.bind(guest, new RedirectedIo()));
    const meter = this.#createMeter(this.#parts.schedule());
    const { exports } = this.#instantiate(bind, guest.budget, meter);
    return (glueState(exports)?.hostCalls ?? 0) > count();
  }
}

/** A trap in a start function does not say why the guest was trapped. */
function withReason<T>(scheduled: ScheduledGuest, instantiate: () => T): T {
  try {
    return instantiate();
  } catch (error) {
    const { failure } = scheduled;
    if (failure === undefined) throw error;
    throw new WasmcpError(failure.code, `${failure.message} while it was instantiated`, { cause: error });
  }
}

function growthOf(share: MemoryShare): GrowthParent {
  return { tryCharge: (bytes) => share.tryGrow(bytes), release: (bytes) => share.release(bytes) };
}

function sizeOf(memories: readonly WebAssembly.Memory[]): number {
  return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
