/** The sides on which the thread can be. */
const GUEST = 0;
const HOST = 1;
const DEAD = 2;

/** The message of adapters between components for anything that was thrown below them. */
const UNCAUGHT = 'wasm trap: uncaught exception propagated out of component';

/**
 * The side on which the thread is, in the calls of one instance.
 *
 * A guest can catch what JavaScript throws, including our traps. So each crossing records the side: a throw that skips the
 * return crossing leaves the wrong side recorded, and the next crossing traps.
 */
export class ThreadSide {
  #side: number = GUEST;
  /** The error that ended the current call. */
  #failure: Error | undefined;

  readonly trap = (message: string): never => {
    this.#side = DEAD;
    if (message === UNCAUGHT && this.#failure !== undefined) throw this.#failure;
    this.#failure ??= new WebAssembly.RuntimeError(message);
    throw new WebAssembly.RuntimeError(message);
  };

  get isGuest(): boolean {
    return this.#side === GUEST;
  }

  get isDead(): boolean {
    return this.#side === DEAD;
  }

  toHost(): void {
    if (this.#side !== GUEST) this.refuse();
    this.#side = HOST;
  }

  toGuest(): void {
    if (this.#side !== HOST) this.refuse();
    this.#side = GUEST;
  }

  expectHost(): void {
    if (this.#side !== HOST) this.refuse();
  }

  refuse(): never {
    return this.trap(
      this.isDead ? 'the instance trapped before' : 'wasm trap: cannot leave component instance',
    );
  }

  /** A new call begins, unless the instance is dead. */
  begin(): void {
    this.#failure = undefined;
    if (this.isDead) this.refuse();
  }

  /** Records the first error of a call. */
  note(error: Error): void {
    this.#failure ??= error;
  }

  kill(): void {
    this.#side = DEAD;
  }
}
