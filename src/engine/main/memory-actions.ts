import type { MemoryWorkers } from '../../process/memory/watch.ts';
import type { WorkerSupervisor } from './worker-supervisor.ts';

/** What can be done about the memory of guests. */
export class MemoryActions implements MemoryWorkers {
  readonly #workers: Pick<WorkerSupervisor, 'handles' | 'reinforce'>;
  readonly #stop: (id: number, reason: string) => void;
  readonly #fill: () => void;

  constructor(
    workers: Pick<WorkerSupervisor, 'handles' | 'reinforce'>,
    stop: (id: number, reason: string) => void,
    fill: () => void,
  ) {
    this.#workers = workers;
    this.#stop = stop;
    this.#fill = fill;
  }

  /** Called regularly while guests run, so the number of workers is adjusted here too. */
  measured(): void {
    this.#workers.reinforce();
    this.#fill();
  }

  get load(): number {
    let load = 0;
    for (const worker of this.#workers.handles()) load += worker.load;
    return load;
  }

  press(): void {
    for (const worker of this.#workers.handles()) worker.press(true);
  }

  collectIdle(): void {
    for (const worker of this.#workers.handles()) if (worker.load === 0) worker.press(false);
  }

  /** A guest that keeps its worker from reporting its size counts as the largest: it may be growing. */
  sacrifice(reason: string): void {
    const busy = [...this.#workers.handles()].filter(({ load }) => load > 0);
    const silent = busy.find((worker) => worker.silent);
    if (silent !== undefined) {
      silent.end(reason);
      return;
    }
    const [largest] = busy.flatMap((worker) => worker.largest ?? []).toSorted((a, b) => b.bytes - a.bytes);
    if (largest !== undefined) this.#stop(largest.id, reason);
  }
}
