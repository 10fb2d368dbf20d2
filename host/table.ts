/**
 * A map in insertion order, for entries that are added and deleted with each request.
 *
 * A `Map` with such entries allocates a new table every few entries, and each old table points to the next one. Once one of
 * them has survived two scavenges, V8 keeps everything alive that any later table contained, until a full garbage collection:
 * every request since then. Here the tables contain cells, which are emptied when their entries are deleted.
 */
export class Table<K, V> {
  readonly #cells = new Map<K, { value: V | undefined }>();

  get size(): number {
    return this.#cells.size;
  }

  get(key: K): V | undefined {
    return this.#cells.get(key)?.value;
  }

  /** Adds an entry at the end. The key must not exist. */
  add(key: K, value: V): void {
    this.#cells.set(key, { value });
  }

  /** Deletes an entry and returns its value. */
  delete(key: K): V | undefined {
    const cell = this.#cells.get(key);
    if (cell === undefined) return undefined;
    const { value } = cell;
    cell.value = undefined;
    this.#cells.delete(key);
    return value;
  }

  /** Deletes the first entry and returns its value. */
  shift(): V | undefined {
    for (const key of this.#cells.keys()) return this.delete(key);
    return undefined;
  }

  *values(): Generator<V> {
    for (const { value } of this.#cells.values()) if (value !== undefined) yield value;
  }

  /** Deletes all entries and returns their values. */
  clear(): V[] {
    const values: V[] = [];
    for (const key of this.#cells.keys()) values.push(this.delete(key)!);
    return values;
  }
}
