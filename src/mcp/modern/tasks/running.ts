import type { JsonObject } from '../client-message.ts';

/** Milliseconds between two looks at the store while tasks run here. */
const LOOK = 1000;

/** The call of a task that runs on this host. */
export interface RunningCall {
  /** Stops its guest. */
  stop(): void;
  /** The client has responded to what the guest has asked under this name. */
  respond(name: string, response: JsonObject): void;
}

/** The tasks that run on this host, by key. */
export class RunningTasks {
  readonly #calls = new Map<string, RunningCall>();
  readonly #look: () => void;
  readonly #idle: () => void;
  #timer: NodeJS.Timeout | undefined;
  #emptied: (() => void) | undefined;

  /** `look` is called regularly while there are any, and `idle` when there are no more. */
  constructor(look: () => void, idle: () => void) {
    this.#look = look;
    this.#idle = idle;
  }

  get size(): number {
    return this.#calls.size;
  }

  has(key: string): boolean {
    return this.#calls.has(key);
  }

  keys(): string[] {
    return [...this.#calls.keys()];
  }

  get(key: string): RunningCall | undefined {
    return this.#calls.get(key);
  }

  add(key: string, call: RunningCall): void {
    this.#calls.set(key, call);
    this.#timer ??= setInterval(this.#look, LOOK).unref();
  }

  delete(key: string): void {
    if (!this.#calls.delete(key) || this.#calls.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#idle();
    this.#emptied?.();
  }

  /** Stops the guest, if the task still runs here. */
  stop(key: string): void {
    const call = this.#calls.get(key);
    this.delete(key);
    call?.stop();
  }

  /** Waits until there are none, `limit` milliseconds at most. */
  async empty(limit: number): Promise<void> {
    if (this.#calls.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(resolve, limit);
    await promise;
    clearTimeout(timer);
  }
}
