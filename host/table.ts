/**
 * Values by key, in the order in which they came, for what comes and goes with each request.
 *
 * A `Map` whose entries come and go gets a new table every few entries, and each old table leads to the next one. Once one
 * of them has outlived two scavenges, V8 keeps all that any later table held, dead or not, until the whole heap is collected:
 * every request of the meantime. Here the tables hold cells, which are emptied as their entries are deleted.
 */
export class Table<K, V> {
  readonly #cells = new Map<K, { value: V | undefined }>();

  get size(): number {
    return this.#cells.size;
  }

  get(key: K): V | undefined {
    return this.#cells.get(key)?.value;
  }

  /** At the end of the order; the key must not be there. */
  add(key: K, value: V): void {
    this.#cells.set(key, { value });
  }

  /** Answers what was there. */
  delete(key: K): V | undefined {
    const cell = this.#cells.get(key);
    if (cell === undefined) return undefined;
    const { value } = cell;
    cell.value = undefined;
    this.#cells.delete(key);
    return value;
  }

  *values(): Generator<V> {
    for (const { value } of this.#cells.values()) if (value !== undefined) yield value;
  }

  /** Removes all, and answers what was there. */
  clear(): V[] {
    const values: V[] = [];
    for (const key of this.#cells.keys()) values.push(this.delete(key)!);
    return values;
  }
}
