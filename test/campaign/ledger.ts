import { createHash } from 'node:crypto';

/**
 * What clients know about one key, which a single client writes, one request at a time. Its writes are numbered from 1; each is a
 * value that contains the number, or a deletion.
 */
export interface KeyLedger {
  readonly key: string;
  /** The next write, before it is sent: the value to store, or undefined for a deletion. */
  attempt(deletion: boolean, padding: number): string | undefined;
  /** The response to it was read to the end. */
  acknowledged(): void;
  /** A client read this value, so older values must not return. Returns whether it was ever written. */
  seen(value: string): boolean;
  /** Compares with the store after a crash, and continues from its state. */
  settle(value: string | undefined): Verdict;
}

/** `lost`: older than what was acknowledged or read. `phantom`: never written. */
export type Verdict = 'kept' | 'lost' | 'phantom';

export function createLedger(key: string): KeyLedger {
  /** Write `n` at index `n`; before the first there is no value. */
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
