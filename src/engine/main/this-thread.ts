import { EventEmitter } from 'node:events';
import { getHeapStatistics } from 'node:v8';
import { GUEST_HEAP, HEAP_FULL } from '../../process/heap.ts';
import { type Collect, createCollect } from '../../process/memory/collect.ts';
import { createHeap } from '../../process/memory/heap-share.ts';
import { workerMessageCounts } from '../protocol/message-counts.ts';
import type { FromWorker, ToWorker } from '../protocol/messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { type Guests, startGuests } from '../worker/guests.ts';
import { createScheduler } from '../worker/scheduler.ts';
import type { GuestThread } from './guest-thread.ts';

/** Milliseconds in which requests are begun before the caller's event loop turns. */
const TURN = 1;

/** One, as there is one thread. Nobody knows what waits in the caller's event loop: so something always does. */
const scheduler = createScheduler({ messageWaits: () => true });

/**
 * Lets this thread run guests, as a worker thread would: with the same messages, which arrive a little later. `collect` is for
 * what nobody waits for.
 */
export function setUpThisThread(setup: WorkerSetup, collect: Collect): GuestThread {
  const events = new EventEmitter();
  let inbox: ToWorker[] = [];
  let guests: Guests | undefined;
  let isEnding = false;

  const port = {
    postMessage(batch: FromWorker[]) {
      queueMicrotask(() => {
        if (!isEnding) events.emit('message', batch);
      });
    },
    close() {
      queueMicrotask(() => events.emit('exit'));
      // Memory that the system would get back at once, if a thread of the guests ended.
      collect();
    },
  };
  // The part of the heap that would be full in a thread of the guests.
  const full = getHeapStatistics().heap_size_limit * (HEAP_FULL / GUEST_HEAP);
  const counts = workerMessageCounts(setup.counts);
  const heap = createHeap({ collect: createCollect(), full });
  const starting = startGuests(setup, { port, counts, scheduler, heap, collect, turn: TURN });

  starting.then((started) => {
    guests = started;
  });

  /** None comes before `ready` was posted. */
  function deliver(): void {
    const messages = inbox;
    inbox = [];
    if (!isEnding) for (const message of messages) guests!.receive(message);
  }

  async function end(): Promise<void> {
    await (await starting)?.end('its server has ended it');
  }

  return Object.assign(events, {
    isThisOne: true,
    postMessage(message: ToWorker) {
      if (inbox.length === 0) setImmediate(deliver);
      inbox.push(message);
    },
    terminate() {
      if (!isEnding) void end();
      isEnding = true;
    },
  });
}
