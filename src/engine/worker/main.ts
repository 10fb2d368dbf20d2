import { once } from 'node:events';
import module from 'node:module';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  checked,
  connectFetch,
  connectGate,
  connectStore,
  createHost,
  type OutgoingHttp,
  openOutgoing,
  openStore,
  outgoingFetch,
  type Store,
  WasmcpError,
} from '../../../host/index.ts';
import { runGlue } from '../../component/glue.ts';
import { descriptorTotal } from '../limits/descriptors.ts';
import { createCollect } from '../memory/collect.ts';
import { createHeap } from '../memory/heap-share.ts';
import { workerPlaces } from '../protocol/long-places.ts';
import { workerMessageCounts } from '../protocol/message-counts.ts';
import type { ToWorker } from '../protocol/messages.ts';
import type { StoreSetup, WorkerSetup } from '../protocol/setup.ts';
import { createBatchLimiter } from './batch-limiter.ts';
import { createInstances } from './instances.ts';
import { createOutbox } from './outbox.ts';
import { createOutputChannel } from './output.ts';
import { createRunner, type Runner } from './runner.ts';
import { ScheduledGuest } from './scheduled-guest.ts';
import { createScheduler } from './scheduler.ts';

/** Milliseconds until Node's compile cache is written; the first requests have priority. */
const FLUSH_DELAY = 3000;

/** Milliseconds between the first large discarded instance and the collection, for more of them. */
const COLLECT_DELAY = 100;

const port = parentPort!;
const {
  component,
  settings,
  isolation,
  store: storeSetup,
  fetch: fetchPort,
  ...shared
} = await receiveSetup(workerData as MessagePort);
const counts = workerMessageCounts(shared.counts);
const outbox = createOutbox(port);
const output = createOutputChannel(settings.loggingPrefix, outbox.postNow);
let store: Store | undefined;
let outgoing: OutgoingHttp | undefined;

/** Instances of this size are collected soon: the garbage collector sees only a few words of their memories. */
const LARGE = 32 * 1024 ** 2;
const collect = createCollect();
let collecting: NodeJS.Timeout | undefined;

function collectAfter(bytes: number): void {
  if (bytes >= LARGE) collecting ??= setTimeout(collectGarbage, COLLECT_DELAY).unref();
}

function collectGarbage(): void {
  clearTimeout(collecting);
  collecting = undefined;
  collect();
}

async function receiveSetup(from: MessagePort): Promise<WorkerSetup> {
  const [setup] = (await once(from, 'message')) as [WorkerSetup];
  from.close();
  return setup;
}

function openWorkerStore(setup: StoreSetup): Promise<Store> | Store {
  if ('port' in setup) return connectStore(setup.port, setup.url);
  const broken = ({ message }: WasmcpError): void => outbox.postNow({ type: 'store-broken', message });
  const full = (isFull: boolean): void => outbox.postNow({ type: 'store-full', isFull });
  return openStore(setup.url, { durability: setup.durability, broken, full });
}

async function start(): Promise<{ runner: Runner; relinquish(): void }> {
  store = await openWorkerStore(storeSetup);
  const descriptors = descriptorTotal(shared.descriptors);
  const refused = (line: string): void => output.log('warn', 'outgoing', line);
  outgoing =
    fetchPort === undefined
      ? openOutgoing({ ...settings.outgoing, refused, descriptors })
      : outgoingFetch(connectFetch(fetchPort));
  const host = createHost({
    env: settings.env,
    args: settings.args,
    config: settings.config,
    preopens: settings.preopens,
    protected: settings.protected,
    log: output.log,
    store: checked(store, settings.storeLimits),
    outgoing,
    ...(storeSetup.gate && { pass: connectGate(storeSetup.gate) }),
  });
  const glue = runGlue(component.glue);
  const scheduler = createScheduler({
    places: workerPlaces(shared.longPlaces),
    messageWaits: counts.waits,
    runs: counts.runs,
  });
  const thread = { freed: 0 };
  const instances = createInstances({
    component,
    glue,
    host,
    maxHostMemory: settings.maxHostMemory,
    ledger: shared.ledger,
    heap: createHeap({ collect }),
    fuel: settings.limits.fuel,
    schedule: () => new ScheduledGuest(scheduler, settings.limits, thread),
    descriptors,
    maxDescriptors: shared.maxDescriptors,
    discarded: collectAfter,
    ...isolation,
    degraded: (reason) => outbox.post({ type: 'degraded', reason }),
  });
  const runner = createRunner({ instances, output, post: outbox.post, flush: outbox.flush });
  return { runner, relinquish: instances.relinquish };
}

async function close(): Promise<void> {
  await outgoing?.close();
  await store?.close();
  outbox.flush();
  port.close();
}

try {
  const { runner, relinquish } = await start();
  const press = (idle: boolean): void => {
    if (idle) relinquish();
    collectGarbage();
    const largest = runner.largest();
    if (largest !== undefined) outbox.postNow({ type: 'measured', ...largest });
  };
  const limiter = createBatchLimiter((message) => {
    if (message.type === 'request') runner.run(message);
    else runner.receive(message);
  });
  port.on('message', (message: ToWorker) => {
    counts.take();
    if (message.type === 'close') void close();
    else if (message.type === 'output-taken') output.taken(message.bytes);
    else if (message.type === 'press') press(message.idle);
    else limiter.take(message);
  });
  // While it serves: a killed process would leave no cache for the next start.
  setTimeout(module.flushCompileCache, FLUSH_DELAY).unref();
  outbox.post({ type: 'ready' });
} catch (error) {
  const code = error instanceof WasmcpError ? error.code : 'worker-lost';
  outbox.post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  await close();
}
