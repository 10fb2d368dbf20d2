import {
  checked,
  connectFetch,
  connectGate,
  createHost,
  type Host,
  openOutgoing,
  openShared,
  outgoingFetch,
  WasmcpError,
} from '../../../host/index.ts';
import type { Glue } from '../../component/component.ts';
import { type GlueModule, runGlue } from '../../component/glue.ts';
import { descriptorTotal } from '../../process/limits/descriptors.ts';
import type { Collect } from '../../process/memory/collect.ts';
import type { Heap } from '../../process/memory/heap-share.ts';
import type { InstancePool } from '../../snapshot/instance-pool.ts';
import type { MessageCounts } from '../protocol/message-counts.ts';
import type { ToWorker } from '../protocol/messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { createBatchLimiter } from './batch-limiter.ts';
import { createInstances, type GuestInstance, type InstancesParts } from './instances.ts';
import { createOutbox, type GuestPort, type Outbox } from './outbox.ts';
import { createOutputChannel, type OutputChannel } from './output.ts';
import { Runner } from './runner.ts';
import { ScheduledGuest } from './scheduled-guest.ts';
import type { Scheduler } from './scheduler.ts';
import { createSpareTime } from './spare-time.ts';
import { UsualUnits } from './usual-units.ts';

/** What guests need of the thread in which they run, whether it is theirs or the caller's. */
export interface Surroundings {
  readonly port: GuestPort;
  readonly counts: MessageCounts;
  readonly scheduler: Scheduler;
  readonly heap: Heap;
  readonly collect: Collect;
  /** See `createBatchLimiter`. */
  readonly turn: number;
  /** Whether the thread has time to make instances that no request needs yet. */
  readonly makesSpares: boolean;
  /** Runs glue, unless it was run before. */
  runGlue?(glue: Glue): GlueModule;
}

/** The guests of one component in one thread. */
export interface Guests {
  receive(message: ToWorker): void;
  /** Messages that were received wait for the next turn of the event loop. */
  readonly waits: boolean;
  /** Ends all guests, then closes the store and the port. */
  end(reason: string): Promise<void>;
}

/** Milliseconds between the first large discarded instance and the collection, for more of them. */
const COLLECT_DELAY = 100;

/** Instances of this size are collected soon: the garbage collector sees only a few words of their memories. */
const LARGE = 32 * 1024 ** 2;

/** Posts `ready` when requests can be served. If they never can, posts `failed`, closes the port, and returns undefined. */
export async function startGuests(
  setup: WorkerSetup,
  surroundings: Surroundings,
): Promise<Guests | undefined> {
  const { port, counts, collect, turn } = surroundings;
  const outbox = createOutbox(port, () => counts.waiting);
  const output = createOutputChannel(setup.settings.loggingPrefix, outbox.postNow);
  const spareTime = createSpareTime(() => counts.waiting > 0);
  /** Closed in reverse order. */
  const opened = new AsyncDisposableStack();
  opened.defer(port.close);
  opened.defer(outbox.flush);

  try {
    const host = await openHost(setup, outbox, output, opened);
    const collectLarge = createCollector(collect);
    const instances = openInstances(setup, surroundings, host, {
      computes: outbox.flushComplete,
      discarded: (instance) => collectLarge(instance.held()),
      deferCheck: spareTime.deferCheck,
      whenCalm: surroundings.makesSpares ? spareTime.whenCalm : undefined,
      degraded: (reason) => outbox.post({ type: 'degraded', reason }),
    });
    opened.defer(instances.relinquish);
    opened.defer(spareTime.cancel);
    const runner = new Runner({ instances, output, outbox });
    const limiter = createBatchLimiter(runner, turn);
    const press = (idle: boolean): void => {
      if (idle) instances.relinquish();
      collect(!idle);
      const largest = runner.largest();
      if (largest !== undefined) outbox.postNow({ type: 'measured', ...largest });
    };
    outbox.post({ type: 'ready' });
    return {
      receive(message) {
        counts.take();
        if (message.type === 'close') void opened.disposeAsync();
        else if (message.type === 'output-taken') output.taken(message.bytes);
        else if (message.type === 'press') press(message.idle);
        else limiter.take(message);
      },
      get waits() {
        return limiter.waits;
      },
      async end(reason) {
        await runner.end(reason);
        await opened.disposeAsync();
      },
    };
  } catch (error) {
    const code = error instanceof WasmcpError ? error.code : 'worker-lost';
    outbox.post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
    await opened.disposeAsync();
    return undefined;
  }
}

async function openHost(
  { settings, store, fetch, descriptors }: WorkerSetup,
  outbox: Outbox,
  { log }: OutputChannel,
  opened: AsyncDisposableStack,
): Promise<Host> {
  const served = await openShared(store, {
    broken: ({ message }) => outbox.postNow({ type: 'store-broken', message }),
    full: (isFull) => outbox.postNow({ type: 'store-full', isFull }),
  });
  opened.defer(() => served.close());
  const refused = (line: string): void => log('warn', 'outgoing', line);
  const outgoing =
    fetch === undefined
      ? openOutgoing({ ...settings.outgoing, refused, descriptors: descriptorTotal(descriptors) })
      : outgoingFetch(connectFetch(fetch));
  opened.defer(() => outgoing.close());
  return createHost({
    env: settings.env,
    args: settings.args,
    config: settings.config,
    preopens: settings.preopens,
    protected: settings.protected,
    log,
    store: checked(served, settings.storeLimits),
    outgoing,
    ...(store.gate && { pass: connectGate(store.gate) }),
  });
}

function openInstances(
  { component, settings, isolation, ledger, descriptors, maxDescriptors }: WorkerSetup,
  { scheduler, heap, runGlue: run = runGlue }: Surroundings,
  host: Host,
  {
    computes,
    ...events
  }: Pick<InstancesParts, 'discarded' | 'degraded' | 'deferCheck' | 'whenCalm'> & { computes(): void },
): InstancePool<GuestInstance> {
  const { maxHostMemory, limits } = settings;
  const thread = { freed: 0 };
  const usual = new UsualUnits();
  return createInstances({
    component,
    ledger,
    maxDescriptors,
    maxHostMemory,
    limits,
    glue: run(component.glue),
    host,
    heap,
    schedule: () => new ScheduledGuest(scheduler, limits, thread, computes, usual),
    descriptors: descriptorTotal(descriptors),
    ...isolation,
    ...events,
  });
}

/** Collects the memory of large instances soon after they are discarded. Returns a function that is told the size of each. */
function createCollector(collect: Collect): (bytes: number) => void {
  let isDue = false;

  function collectNow(): void {
    isDue = false;
    collect();
  }

  return (bytes) => {
    if (bytes < LARGE || isDue) return;
    isDue = true;
    setTimeout(collectNow, COLLECT_DELAY).unref();
  };
}
