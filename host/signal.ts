/** Something changed: wakes everyone who listens. Carries no value; listeners look at the state themselves. */
export class Signal {
  readonly #listeners = new Set<() => void>();

  wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
