/** Something changed: wakes everyone who listens. Carries no value; listeners look at the state themselves. */
export class Signal {
  /** Made for the first listener: most signals of a request never have one. */
  #listeners: Set<() => void> | undefined;

  wake(): void {
    if (this.#listeners === undefined || this.#listeners.size === 0) return;
    for (const listener of [...this.#listeners]) listener();
  }

  listen(listener: () => void): void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  unlisten(listener: () => void): void {
    this.#listeners?.delete(listener);
  }
}
