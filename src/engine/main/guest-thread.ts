import type { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker } from '../protocol/messages.ts';
import { receivedFromWorker, type SentFromWorker, sentToWorker } from '../protocol/sent-messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { startWorkerThread } from './prestarted-worker.ts';

interface ThreadEvents {
  message(batch: FromWorker[]): void;
  error(error: unknown): void;
  exit(): void;
}

/** Where guests run, seen from the main thread: in a worker thread, or in this one. */
export interface GuestThread {
  /** Guests run on this thread, so none runs while a timer's callback does. */
  readonly isThisOne?: boolean;
  postMessage(message: ToWorker, transfer: ArrayBuffer[] | undefined): void;
  on<E extends keyof ThreadEvents>(event: E, listener: ThreadEvents[E]): unknown;
  /** Ends all guests; `exit` follows, and no further message. */
  terminate(): unknown;
}

/** Lets a worker thread run guests. */
export function setUpWorker(setup: WorkerSetup, worker: Worker = startWorkerThread()): GuestThread {
  const { store, fetch } = setup;
  const ports = ['port' in store ? store.port : undefined, store.gate, fetch];
  worker.postMessage(
    setup,
    ports.filter((one) => one !== undefined),
  );
  return {
    postMessage: (message, transfer) => worker.postMessage(sentToWorker(message), transfer),
    on(event, listener) {
      if (event !== 'message') return worker.on(event, listener as () => void);
      const receive = listener as (batch: FromWorker[]) => void;
      return worker.on(event, (batch: SentFromWorker[]) => receive(batch.map(receivedFromWorker)));
    },
    terminate: () => worker.terminate(),
  };
}
