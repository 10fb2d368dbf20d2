import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** The fractions of its time from which this thread is busy, and below which it no longer is. */
const BUSY = 0.45;
const CALM = 0.3;

/** Whether this thread has much to do itself, for the requests that it gives to workers. */
export class ThreadLoad {
  #isBusy = false;
  #before: EventLoopUtilization;
  readonly #measure: typeof performance.eventLoopUtilization;

  constructor(measure: typeof performance.eventLoopUtilization = performance.eventLoopUtilization) {
    this.#measure = measure;
    this.#before = measure();
  }

  /** At the last sample. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Looks at the time since the last sample. */
  sample(): void {
    const now = this.#measure();
    const { utilization } = this.#measure(now, this.#before);
    this.#before = now;
    this.#isBusy = utilization > (this.#isBusy ? CALM : BUSY);
  }
}
