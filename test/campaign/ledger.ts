import { createHash } from 'node:crypto';

/**
 * What clients know of one key that a single client writes, one request at a time. Its writes are numbered from 1; each is
 * a value that says so, or a deletion.
 */
export interface KeyLedger {
  readonly key: string;
  /** The next write, before it is sent: the value to store, or undefined for a deletion. */
  attempt(deletion: boolean, padding: number): string | undefined;
  /** Its answer was read to the end. */
  acknowledged(): void;
  /** Some client read this value: it must not become older than that. Answers whether it is one that was ever written. */
  seen(value: string): boolean;
  /** Compares with what the store has after a crash, and goes on from there. */
  settle(value: string | undefined): Verdict;
}

/** `lost`: older than what was acknowledged or read. `phantom`: never written. */
export type Verdict = 'kept' | 'lost' | 'phantom';

export function createLedger(key: string): KeyLedger {
  /** What write `n` was, at index `n`; before the first there is nothing. */
  const deletions = [true];
  let floor = 0;

  function numberOf(value: string): number | undefined {
    const [name, number = ''] = value.split(' ', 2);
    const n = Number(number);
    const known = name === key && deletions[n] === false && value === written(key, n, paddingOf(value));
    return known ? n : undefined;
  }

  return {
    key,
    attempt(deletion, padding) {
      deletions.push(deletion);
      return deletion ? undefined : written(key, deletions.length - 1, padding);
    },
    acknowledged() {
      floor = Math.max(floor, deletions.length - 1);
    },
    seen(value) {
      const n = numberOf(value);
      floor = Math.max(floor, n ?? 0);
      return n !== undefined;
    },
    settle(value) {
      const n = value === undefined ? deletions.lastIndexOf(true) : numberOf(value);
      if (n === undefined) return 'phantom';
      const verdict = n < floor ? 'lost' : 'kept';
      deletions.length = n + 1;
      floor = n;
      return verdict;
    },
  };
}

/** Key, number, padding and a checksum over all of it. */
function written(key: string, n: number, padding: number): string {
  const text = `${key} ${n} ${'x'.repeat(padding)}`;
  return `${text} ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

function paddingOf(value: string): number {
  return value.split(' ')[2]?.length ?? 0;
}
