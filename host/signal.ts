/** Wakes its listeners when something changes. Carries no value: listeners read the state themselves. */
export class Signal {
  /**
   * Created for the first listener, as most signals of a request never have one. An array, as the old tables of a `Set` would
   * keep requests alive that listened to a signal which outlives them.
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
