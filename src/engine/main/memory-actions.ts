import type { MemoryWorkers } from '../../process/memory/watch.ts';
import type { WorkerSupervisor } from './worker-supervisor.ts';

/**
 * What can be done about the memory of guests. `stop` ends the guest of a request; `fill` is called when there may be room for
 * waiting requests.
 */
export function createMemoryActions(
  workers: Pick<WorkerSupervisor, 'handles' | 'adjust' | 'counts'>,
  stop: (id: number, reason: string) => void,
  fill: () => void,
): MemoryWorkers {
  return {
    /** Called regularly while guests run, so the workers are adjusted here too. */
    measured() {
      workers.adjust();
      fill();
    },
    get load() {
      return workers.counts().guests;
    },
    press() {
      for (const worker of workers.handles()) worker.press(true);
    },
    collectIdle() {
      for (const worker of workers.handles()) if (worker.load === 0) worker.press(false);
    },
    /** A guest that keeps its worker from reporting its size counts as the largest: it may be growing. */
    sacrifice(reason) {
      const busy = [...workers.handles()].filter(({ load }) => load > 0);
      const silent = busy.find((worker) => worker.silent);
      if (silent !== undefined) {
        silent.end(reason);
        return;
      }
      const [largest] = busy.flatMap((worker) => worker.largest ?? []).toSorted((a, b) => b.bytes - a.bytes);
      if (largest !== undefined) stop(largest.id, reason);
    },
  };
}
