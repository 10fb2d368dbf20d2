import module from 'node:module';
import { parentPort } from 'node:worker_threads';
import { preloadStore } from '../../../host/index.ts';
import type { Glue } from '../../component/component.ts';
import { type GlueModule, runGlue } from '../../component/glue.ts';
import { createCollect } from '../../process/memory/collect.ts';
import { createHeap } from '../../process/memory/heap-share.ts';
import { workerPlaces } from '../protocol/long-places.ts';
import { MessageCounts } from '../protocol/message-counts.ts';
import { receivedToWorker, type SentToWorker, sentFromWorker } from '../protocol/sent-messages.ts';
import type { WorkerPreparation, WorkerSetup } from '../protocol/setup.ts';
import { type Guests, startGuests } from './guests.ts';
import { createScheduler } from './scheduler.ts';

/** Milliseconds until Node's compile cache is written; the first requests have priority. */
const FLUSH_DELAY = 3000;

/**
 * Milliseconds during which requests may be begun one after another. A port delivers up to a thousand messages before anything
 * else in its thread runs, such as timers and suspended guests.
 */
const TURN = 10;

const port = parentPort!;
let lastGlue: { readonly script: string; readonly module: GlueModule } | undefined;

/** The same glue as the last time is not run again. */
function runOnce(glue: Glue): GlueModule {
  if (lastGlue?.script !== glue.script) lastGlue = { script: glue.script, module: runGlue(glue) };
  return lastGlue.module;
}

function prepare({ glue }: WorkerPreparation): void {
  try {
    runOnce(glue);
  } catch {
    // It fails again with the setup, and then it is reported.
  }
}

function receiveSetup(): Promise<WorkerSetup> {
  return new Promise((resolve) => {
    port.on('message', function receive(message: WorkerSetup | WorkerPreparation) {
      if ('glue' in message) {
        prepare(message);
        return;
      }
      port.off('message', receive);
      resolve(message);
    });
  });
}

// Most stores are files, which each worker opens; until the setup comes, there is nothing else to do.
void preloadStore();
const setup = await receiveSetup();
const counts = new MessageCounts(setup.counts);
const collect = createCollect();
let guests: Guests | undefined;
guests = await startGuests(setup, {
  port: {
    postMessage: (batch, transfer) => port.postMessage(batch.map(sentFromWorker), transfer),
    close: () => port.close(),
  },
  counts,
  scheduler: createScheduler({
    counts,
    places: workerPlaces(setup.longPlaces),
    // Start functions ask before there are guests.
    messageWaits: () => counts.waiting > 0 || guests?.waits === true,
  }),
  heap: createHeap({ collect }),
  collect,
  turn: TURN,
  makesSpares: true,
  runGlue: runOnce,
});
if (guests !== undefined) {
  const { receive } = guests;
  port.on('message', (message: SentToWorker) => receive(receivedToWorker(message)));
  // While it serves: a killed process would leave no cache for the next start.
  setTimeout(module.flushCompileCache, FLUSH_DELAY).unref();
}
