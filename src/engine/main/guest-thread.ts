import type { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker } from '../protocol/messages.ts';
import { receivedFromWorker, type SentFromWorker, sentToWorker } from '../protocol/sent-messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { type PrestartedWorker, prestartWorker } from './prestarted-worker.ts';

/** Where guests run, seen from the main thread: in a worker thread, or in this one. */
export interface GuestThread {
  /** Guests run on this thread, so none runs while a timer's callback does. */
  readonly isThisOne?: boolean;
  postMessage(message: ToWorker, transfer: ArrayBuffer[] | undefined): void;
  on(event: 'message', listener: (batch: FromWorker[]) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  /** Ends all guests; `exit` follows, and no further message. */
  terminate(): unknown;
}

/** Lets a worker thread run guests. */
export function setUpWorker(
  setup: WorkerSetup,
  { worker, setup: port }: PrestartedWorker = prestartWorker(),
): GuestThread {
  const { store, fetch } = setup;
  const ports = ['port' in store ? store.port : undefined, store.gate, fetch];
  port.postMessage(
    setup,
    ports.filter((one) => one !== undefined),
  );
  return new WorkerThread(worker);
}

class WorkerThread implements GuestThread {
  readonly #worker: Worker;

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  postMessage(message: ToWorker, transfer: ArrayBuffer[] | undefined): void {
    this.#worker.postMessage(sentToWorker(message), transfer);
  }

  on(event: 'message' | 'error' | 'exit', listener: (value: never) => void): void {
    if (event !== 'message') {
      this.#worker.on(event, listener as (value?: unknown) => void);
      return;
    }
    const receive = listener as (batch: FromWorker[]) => void;
    this.#worker.on('message', (batch: SentFromWorker[]) => receive(batch.map(receivedFromWorker)));
  }

  terminate(): void {
    void this.#worker.terminate();
  }
}
