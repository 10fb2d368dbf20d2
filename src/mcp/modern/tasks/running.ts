/** Milliseconds between two looks at the store while tasks run here. */
const LOOK = 1000;

/** The tasks that run on this host, by key, and how the guest of each is stopped. */
export class RunningTasks {
  readonly #stops = new Map<string, () => void>();
  readonly #look: () => void;
  #timer: NodeJS.Timeout | undefined;
  #emptied: (() => void) | undefined;

  /** `look` is called regularly while there are any. */
  constructor(look: () => void) {
    this.#look = look;
  }

  get size(): number {
    return this.#stops.size;
  }

  has(key: string): boolean {
    return this.#stops.has(key);
  }

  keys(): string[] {
    return [...this.#stops.keys()];
  }

  add(key: string, stop: () => void): void {
    this.#stops.set(key, stop);
    this.#timer ??= setInterval(this.#look, LOOK).unref();
  }

  delete(key: string): void {
    this.#stops.delete(key);
    if (this.#stops.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#emptied?.();
  }

  /** Stops the guest, if the task still runs here. */
  stop(key: string): void {
    const stop = this.#stops.get(key);
    this.delete(key);
    stop?.();
  }

  /** Waits until there are none, `limit` milliseconds at most. */
  async empty(limit: number): Promise<void> {
    if (this.#stops.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(resolve, limit);
    await promise;
    clearTimeout(timer);
  }
}
