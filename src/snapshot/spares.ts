/**
 * Instances of a component that are kept ready, and the bytes of their memories together. Requests that come at the same time need
 * not wait for new ones then, and V8 does not discard code that it has optimized for fewer of them.
 */
const SPARES = 12;
const SPARE_BYTES = 64 * 1024 ** 2;

export interface SpareOptions {
  /** Bytes of the memories of one instance. */
  bytes(): number;
  /** Calls back once there is time to make one; `soon` until there were as many as there may be. */
  whenCalm(make: () => void, soon: boolean): void;
}

export interface Spares {
  /** An instance was taken: makes those that are missing, one after another. */
  refill(): void;
  /** Makes no more. */
  stop(): void;
}

/** `idle` are the idle instances; `make` adds one to them. */
export function createSpares(
  options: SpareOptions | undefined,
  idle: readonly unknown[],
  make: () => void,
): Spares {
  let isStopped = options === undefined;
  let isDue = false;
  let wasFull = false;

  const isMissing = (): boolean =>
    !isStopped && idle.length < Math.min(SPARES, SPARE_BYTES / options!.bytes());

  function refill(): void {
    if (isDue || !isMissing()) return;
    isDue = true;
    options!.whenCalm(() => {
      isDue = false;
      if (isMissing()) add();
      wasFull ||= !isMissing();
      refill();
    }, !wasFull);
  }

  function add(): void {
    const before = idle.length;
    try {
      make();
    } catch {
      // The request that needs another instance reports it.
    }
    isStopped ||= idle.length <= before;
  }

  return {
    refill,
    stop() {
      isStopped = true;
    },
  };
}
