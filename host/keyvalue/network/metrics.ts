/** Whether a call only reads. */
export type CallKind = 'read' | 'write';

/** The calls of one kind since the store was opened. */
export interface CallMetrics {
  readonly running: number;
  readonly ended: number;
  /** Of those that have ended. */
  readonly failed: number;
  /** Time of those that have ended. */
  readonly seconds: number;
}

export interface ConnectionMetrics {
  readonly busy: number;
  readonly idle: number;
  /** Calls that wait until a connection is free. */
  readonly waiting: number;
  /** Connections opened since the store was. */
  readonly opened: number;
}

/** Figures of a store on another machine. */
export interface StoreMetrics {
  readonly connections: ConnectionMetrics;
  readonly calls: Readonly<Record<CallKind, CallMetrics>>;
}

/** Counts calls of one kind. */
export interface CallCounter {
  /** Runs and counts `call`. */
  count<T>(call: () => Promise<T>): Promise<T>;
  metrics(): CallMetrics;
}

export function createCallCounter(): CallCounter {
  const calls = { running: 0, ended: 0, failed: 0, seconds: 0 };
  return {
    async count(call) {
      const start = performance.now();
      calls.running += 1;
      try {
        return await call();
      } catch (error) {
        calls.failed += 1;
        throw error;
      } finally {
        calls.running -= 1;
        calls.ended += 1;
        calls.seconds += (performance.now() - start) / 1000;
      }
    },
    metrics: () => ({ ...calls }),
  };
}

/** @param openedBefore connections to engines that are no longer used */
export function totalOf(engines: readonly ConnectionMetrics[], openedBefore: number): ConnectionMetrics {
  const sum = (of: (metrics: ConnectionMetrics) => number): number =>
    engines.reduce((total, metrics) => total + of(metrics), 0);
  return {
    busy: sum(({ busy }) => busy),
    idle: sum(({ idle }) => idle),
    waiting: sum(({ waiting }) => waiting),
    opened: openedBefore + sum(({ opened }) => opened),
  };
}
