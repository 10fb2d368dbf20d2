import type { Statements } from './statements.ts';
import type { Transactions } from './transactions.ts';

/** What the reading and the writing methods of one open store share. */
export interface StoreAccess {
  readonly sql: Statements;
  readonly transactions: Transactions;
  /** @throws WasmcpError `store-closed` */
  requireOpen(): void;
  /**
   * Runs single statements on an open store.
   *
   * @throws WasmcpError `store-closed`, or what SQLite's error means
   */
  attempt<T>(work: () => T): T;
}

/** The value under a key, undefined if the key is absent. Only within `attempt` or a transaction. */
export function storedValue(sql: Statements, bucket: string, key: Buffer): Uint8Array | undefined {
  return plainBytes(sql.get.get(wellFormed(bucket), key)?.value);
}

/** Lone surrogates have no UTF-8: two different strings with one would become the same key. */
export function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a key or bucket name has a lone surrogate');
  return text;
}

export function utf8(text: string): Buffer {
  return Buffer.from(wellFormed(text), 'utf8');
}

/** A plain view of the bytes: a `Buffer` would print, compare and slice differently from the contract's type. */
export function plainBytes(value: Uint8Array | null | undefined): Uint8Array | undefined {
  return value ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}
