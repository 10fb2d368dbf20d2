import { WasmcpError } from '../../error.ts';
import type { Connection } from './connection.ts';

/**
 * Marks a store as moved, within the caller's transaction. Every write of every process takes a number from `counter` first,
 * which the trigger refuses; `errors.ts` knows its failure as `SQLITE_CONSTRAINT_TRIGGER`.
 */
export function markAsMoved(connection: Connection, target: string): void {
  connection.exec(`CREATE TABLE moved (target TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE TRIGGER moved_store BEFORE UPDATE OF version ON counter BEGIN SELECT RAISE(ABORT, 'moved'); END;`);
  connection.prepare('INSERT INTO moved (target, at) VALUES (?, ?)').run(target, BigInt(Date.now()));
}

/** `store-broken` if the store was moved, because its content is no longer current. */
export function movedFailure(connection: Connection, url: string): WasmcpError | undefined {
  const marked = connection.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved'`);
  if (marked.get() === undefined) return undefined;
  const row = connection.prepare<[], { target: string; at: bigint }>('SELECT target, at FROM moved').get();
  if (row === undefined) return undefined;
  const time = new Date(Number(row.at)).toISOString();
  return new WasmcpError('store-broken', `${url} was moved to ${row.target} at ${time}: use that store`);
}
