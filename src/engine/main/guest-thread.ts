import type { FromWorker, ToWorker } from '../protocol/messages.ts';
import type { WorkerSetup } from '../protocol/setup.ts';
import { type PrestartedWorker, prestartWorker } from './prestarted-worker.ts';

/** Where guests run, seen from the main thread: in a worker thread, or in this one. */
export interface GuestThread {
  /** Guests run on this thread, so none runs while a timer's callback does. */
  readonly isThisOne?: boolean;
  postMessage(message: ToWorker, transfer?: ArrayBuffer[]): void;
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
  return worker;
}
