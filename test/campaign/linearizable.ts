/** One operation on one key, as its process saw it. */
export interface Operation {
  readonly key: string;
  readonly kind: 'get' | 'read' | 'set' | 'delete' | 'increment' | 'swap';
  /** The value that a set or a swap writes. */
  readonly input: string;
  /** The value that the process had read before a swap. */
  readonly expected: string | undefined;
  /** A value, the new number, `swapped` or `failed`. */
  output: string | undefined;
  readonly start: bigint;
  /** Undefined if its process was killed first: the operation may have happened or not. */
  end: bigint | undefined;
}

/**
 * Whether an order of atomic steps, each between the start and the end of its operation, explains all outputs: the search of Wing
 * and Gong with Lowe's cache ("Testing for linearizability", 2017), for one key.
 */
export function linearizable(history: readonly Operation[]): boolean {
  const operations = history.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const tried = new Set<string>();

  // All operations before `first` are done; `done` contains those after it.
  const stack: { first: number; done: ReadonlySet<number>; value: string | undefined }[] = [
    { first: 0, done: new Set(), value: undefined },
  ];
  while (stack.length > 0) {
    const { first, done, value } = stack.pop()!;
    const state = `${first}|${[...done].sort((a, b) => a - b)}|${value ?? '-'}`;
    if (tried.has(state)) continue;
    tried.add(state);
    const left = remaining(operations, first, done);
    if (left.every((n) => operations[n]!.end === undefined)) return true;
    // The next step belongs to an operation that began before any remaining operation ended.
    const horizon = left.reduce<bigint | undefined>((least, n) => {
      const { end } = operations[n]!;
      return end !== undefined && (least === undefined || end < least) ? end : least;
    }, undefined)!;
    for (const n of left) {
      const operation = operations[n]!;
      if (operation.start > horizon) break;
      const next = step(operation, value);
      if (next === undefined) continue;
      stack.push({ ...advance(first, done, n), value: next.value });
    }
  }
  return false;
}

function remaining(operations: readonly Operation[], first: number, done: ReadonlySet<number>): number[] {
  const left: number[] = [];
  for (let n = first; n < operations.length; n++) if (!done.has(n)) left.push(n);
  return left;
}

function advance(
  first: number,
  done: ReadonlySet<number>,
  n: number,
): { first: number; done: ReadonlySet<number> } {
  const all = new Set(done).add(n);
  let next = first;
  while (all.delete(next)) next++;
  return { first: next, done: all };
}

/** The value after the operation; undefined if it cannot have happened now with this output. */
function step(operation: Operation, value: string | undefined): { value: string | undefined } | undefined {
  const { kind, input, expected, output, end } = operation;
  const open = end === undefined;
  switch (kind) {
    case 'get':
    case 'read':
      return open || output === value ? { value } : undefined;
    case 'set':
      return { value: input };
    case 'delete':
      return { value: undefined };
    case 'increment': {
      const sum = String(BigInt(value ?? '0') + 1n);
      return open || output === sum ? { value: sum } : undefined;
    }
    case 'swap':
      // A version can change although the value is the same again, so a swap may always fail.
      if (output === 'failed') return { value };
      return value === expected ? { value: input } : undefined;
  }
}
