import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../error.ts';
import { type CallKind, type CallMetrics, createCallCounter } from './metrics.ts';
import { Aborted, contended, Lost, Postponed, unavailable, unknownOutcome } from './outcomes.ts';

/** One attempt at a call, until `deadline`. @throws Lost, Aborted; every other failure is final */
export type Attempt<T> = (deadline: number) => Promise<T>;

/** Runs the calls of a store on another machine, each within the store's timeout. */
export interface Calls {
  /** Runs an attempt that only reads, and repeats it if it is lost. */
  read<T>(attempt: Attempt<T>): Promise<T>;
  /** Runs an attempt that writes; fails with `store-outcome-unknown` if it is lost. */
  write<T>(attempt: Attempt<T>): Promise<T>;
  /** Every later call fails with `store-closed`. */
  close(): void;
  metrics(): Readonly<Record<CallKind, CallMetrics>>;
}

/** How often an aborted attempt is repeated. */
const REPEATS = 20;

/** Maximum pause in milliseconds before such a repetition. */
const PAUSE = 50;

/** How often a read is repeated on another connection; several idle ones can be dead. */
const RECONNECTS = 3;

/** @param timeout milliseconds for a call */
export function createCalls(url: string, timeout: number): Calls {
  let isClosed = false;
  const counters = { read: createCallCounter(), write: createCallCounter() };

  async function run<T>(attempt: Attempt<T>, isRead: boolean): Promise<T> {
    if (isClosed) throw new WasmcpError('store-closed', `${url} is closed`);
    const deadline = performance.now() + timeout;
    for (let repeats = 0, losses = 0; ; ) {
      try {
        return await attempt(deadline);
      } catch (error) {
        const isOver = performance.now() >= deadline;
        if (error instanceof Lost) {
          if (!isRead) throw unknownOutcome(url, error);
          losses += 1;
          if (losses > RECONNECTS || isOver) throw unavailable(url, error.message, error);
        } else if (error instanceof Aborted) {
          repeats += 1;
          if ((repeats > REPEATS && !(error instanceof Postponed)) || isOver) throw contended(url, error);
          await delay(Math.random() * PAUSE);
        } else throw error;
      }
    }
  }

  return {
    read: (attempt) => counters.read.count(() => run(attempt, true)),
    write: (attempt) => counters.write.count(() => run(attempt, false)),
    close() {
      isClosed = true;
    },
    metrics: () => ({ read: counters.read.metrics(), write: counters.write.metrics() }),
  };
}
