/** The part of a worker's time that guests which compute must have for it to be full of them. */
const FULL = 0.8;

/** Milliseconds for which they fill all workers until there is one more. */
const PATIENCE = 100;

/** Milliseconds for which one worker less would do until it is put to rest. */
const REST = 3000;

/** A worker as it is sampled. */
export interface SampledWorker {
  /** Guests that run in it. */
  readonly load: number;
  /** Milliseconds that guests which compute have had in it so far, see `WorkerMessageCounts.computes`. */
  readonly computed: number;
}

/**
 * How many workers there should be: a state machine without threads or timers. The main thread needs a processor, so quick requests
 * are served best by a worker less than there are processors; guests that compute need all of them.
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

  /** The part of the time since the last sample that guests which compute have had; that of a new worker is not known. */
  function share(worker: SampledWorker, elapsed: number): number {
    const then = before.get(worker);
    return then === undefined ? Math.sign(worker.load) : Math.min(1, (worker.computed - then) / elapsed);
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
