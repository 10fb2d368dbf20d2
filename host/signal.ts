/** Something changed: wakes everyone who listens. Carries no value; listeners look at the state themselves. */
export class Signal {
  /**
   * Made for the first listener: most signals of a request never have one. An array: the tables that a `Set` leaves behind
   * would keep the requests that listened to a signal which outlives them.
   */
  #listeners: (() => void)[] | undefined;

  wake(): void {
    if (this.#listeners === undefined || this.#listeners.length === 0) return;
    for (const listener of [...this.#listeners]) listener();
  }

  listen(listener: () => void): void {
    this.#listeners ??= [];
    if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  unlisten(listener: () => void): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at >= 0) this.#listeners?.splice(at, 1);
  }
}
