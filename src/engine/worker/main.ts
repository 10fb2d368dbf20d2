import { once } from 'node:events';
import module from 'node:module';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { preloadStore } from '../../../host/index.ts';
import { createCollect } from '../../process/memory/collect.ts';
import { createHeap } from '../../process/memory/heap-share.ts';
import { workerPlaces } from '../protocol/long-places.ts';
import { workerMessageCounts } from '../protocol/message-counts.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { type Guests, startGuests } from './guests.ts';
import { createScheduler } from './scheduler.ts';

/** Milliseconds until Node's compile cache is written; the first requests have priority. */
const FLUSH_DELAY = 3000;

/**
 * Milliseconds during which requests may be begun one after another. A port delivers up to a thousand messages before anything
 * else in its thread runs, such as timers and suspended guests.
 */
const TURN = 10;

async function receiveSetup(from: MessagePort): Promise<WorkerSetup> {
  const [setup] = (await once(from, 'message')) as [WorkerSetup];
  from.close();
  return setup;
}

const port = parentPort!;
// Most stores are files, which each worker opens; until the setup comes, there is nothing else to do.
void preloadStore();
const setup = await receiveSetup(workerData as MessagePort);
const counts = workerMessageCounts(setup.counts);
const collect = createCollect();
let guests: Guests | undefined;
guests = await startGuests(setup, {
  port,
  counts,
  scheduler: createScheduler({
    places: workerPlaces(setup.longPlaces),
    // Start functions ask before there are guests.
    messageWaits: () => counts.waits() || guests?.waits === true,
    runs: counts.runs,
    computes: counts.computes,
  }),
  heap: createHeap({ collect }),
  collect,
  turn: TURN,
});
if (guests !== undefined) {
  port.on('message', guests.receive);
  // While it serves: a killed process would leave no cache for the next start.
  setTimeout(module.flushCompileCache, FLUSH_DELAY).unref();
}
