import { EventEmitter } from 'node:events';
import { getHeapStatistics } from 'node:v8';
import { GUEST_HEAP, HEAP_END, HEAP_FULL } from '../../process/heap.ts';
import { type Collect, createCollect } from '../../process/memory/collect.ts';
import { createHeap } from '../../process/memory/heap-share.ts';
import { afterMicrotasks } from '../../process/microtasks.ts';
import { MessageCounts } from '../protocol/message-counts.ts';
import type { FromWorker, ToWorker } from '../protocol/messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { type Guests, startGuests } from '../worker/guests.ts';
import { createScheduler } from '../worker/scheduler.ts';
import type { GuestThread } from './guest-thread.ts';

/** Milliseconds during which requests are begun before the caller's event loop runs. */
const TURN = 1;

/** There is one thread. What waits in the caller's event loop is unknown, so something is assumed to wait. */
const scheduler = createScheduler({ messageWaits: () => true });

/**
 * Lets this thread run guests as a worker thread would, with the same messages, which arrive a little later. `collect` runs while
 * no request waits.
 */
export function setUpThisThread(setup: WorkerSetup, collect: Collect): GuestThread {
  const events = new EventEmitter();
  let inbox: ToWorker[] = [];
  /** Those of earlier turns that are being received. */
  const arrived: ToWorker[] = [];
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
      // Memory that would be returned to the system at once if a worker thread ended.
      collect();
    },
  };
  // The fractions of the heap at which a worker's heap counts as full.
  const all = getHeapStatistics().heap_size_limit / GUEST_HEAP;
  const counts = new MessageCounts(setup.counts);
  const heap = createHeap({ collect: createCollect(), full: all * HEAP_FULL, end: all * HEAP_END });
  const starting = startGuests(setup, {
    port,
    counts,
    scheduler,
    heap,
    collect,
    turn: TURN,
    makesSpares: false,
  });

  starting.then((started) => {
    guests = started;
  });

  /** No message arrives before `ready` was posted. */
  function deliver(): void {
    // A tick of the caller that throws delays the rest of the last turn, which must not be overtaken.
    const isReceiving = arrived.length > 0;
    for (const message of inbox) arrived.push(message);
    inbox = [];
    if (!isReceiving) receive(0);
  }

  /** One after another, as threads receive messages: a guest that need not wait has finished before the next one begins. */
  function receive(at: number): void {
    if (isEnding) return;
    try {
      guests!.receive(arrived[at]!);
    } finally {
      if (at + 1 < arrived.length) afterMicrotasks(() => receive(at + 1));
      else arrived.length = 0;
    }
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
