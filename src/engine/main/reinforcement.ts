/** The fraction of a worker's time from which computing guests fill it. */
const FULL = 0.8;

/** Milliseconds for which computing guests must fill all workers until another one is started. */
const PATIENCE = 100;

/** Milliseconds for which one worker less must suffice until one is ended. */
const REST = 3000;

/** A worker as it is sampled. */
export interface SampledWorker {
  /** Guests that run in it. */
  readonly load: number;
  /** See `MessageCounts`. */
  readonly computed: number;
}

/**
 * Decides on the number of workers: a state machine without threads or timers. The main thread needs a processor, so one worker
 * less than there are processors is best for quick requests; computing guests need all processors.
 */
export interface Reinforcement {
  /** The number of workers from now on. To be called regularly while guests run. */
  sample(workers: readonly SampledWorker[], now: number): number;
  /** Milliseconds without guests after which another sample is due; undefined if there are no more workers than at first. */
  readonly due: number | undefined;
}

export function createReinforcement(least: number, most: number): Reinforcement {
  let wanted = least;
  let sampledAt = Number.NEGATIVE_INFINITY;
  let before = new Map<SampledWorker, number>();
  let fullSince: number | undefined;
  let enoughSince: number | undefined;

  /** The fraction of the time since the last sample that computing guests have used; unknown for a new worker. */
  function share(worker: SampledWorker, elapsed: number): number {
    const then = before.get(worker);
    return then === undefined
      ? Math.sign(worker.load)
      : Math.min(1, ((worker.computed - then) >>> 0) / elapsed);
  }

  function decide(workers: readonly SampledWorker[], shares: readonly number[], now: number): void {
    // A guest alone in its worker gains nothing.
    const isFull = workers.length >= wanted && workers.every(({ load }, n) => load > 1 && shares[n]! >= FULL);
    fullSince = isFull ? (fullSince ?? sampledAt) : undefined;
    if (fullSince !== undefined && now - fullSince >= PATIENCE) {
      wanted = Math.min(most, wanted + 1);
      fullSince = undefined;
    }
    const total = shares.reduce((sum, one) => sum + one, 0);
    enoughSince = total < FULL * (wanted - 1) ? (enoughSince ?? sampledAt) : undefined;
    if (enoughSince !== undefined && now - enoughSince >= REST) {
      wanted = Math.max(least, wanted - 1);
      enoughSince = undefined;
    }
  }

  return {
    sample(workers, now) {
      if (workers.length > 0 && now > sampledAt) {
        const elapsed = now - sampledAt;
        decide(
          workers,
          workers.map((worker) => share(worker, elapsed)),
          now,
        );
      }
      sampledAt = now;
      before = new Map(workers.map((worker) => [worker, worker.computed]));
      return wanted;
    },
    get due() {
      return wanted > least ? REST : undefined;
    },
  };
}
