import { WasmcpError } from '../../error.ts';
import type { Store } from '../store.ts';
import type { StoreAccess } from './access.ts';
import { createChangeRecorder, createChanges } from './changes.ts';
import type { Connection } from './connection.ts';
import { createLeases } from './leases.ts';
import { createReads } from './reads.ts';
import { createSearches } from './searches.ts';
import { prepareStatements } from './statements.ts';
import { createTransactions, type StoreEvents } from './transactions.ts';
import { createWrites } from './writes.ts';

/**
 * The store in an open database with our schema; closing it closes the connection. Every method is synchronous, and waits up
 * to `patience` milliseconds for other writers.
 */
export function sqliteStore(
  connection: Connection,
  url: string,
  patience: number,
  events: StoreEvents,
): Store {
  const sql = prepareStatements(connection);
  const transactions = createTransactions(connection, sql, url, patience, events);
  let closed = false;

  function requireOpen(): void {
    if (closed) throw new WasmcpError('store-closed', `${url} is closed`);
  }

  const access: StoreAccess = {
    sql,
    transactions,
    requireOpen,
    attempt(work) {
      requireOpen();
      return transactions.attempt(work);
    },
  };

  const leases = createLeases(url, patience, events.leaseConnection ?? (() => connection), requireOpen);
  function close(): void {
    if (closed) return;
    closed = true;
    transactions.close();
    leases.close();
    events.closing((isWhole) => {
      if (isWhole && !transactions.isBroken) checkpointAndTruncate(connection);
      connection.close();
    });
  }

  const wakers = new Set<() => void>();
  const reads = { ...createReads(access), ...createSearches(access) };
  const unreported = { url, leases, ...reads, ...createWrites(access, undefined), close };
  return {
    ...unreported,
    ...createWrites(access, createChangeRecorder(connection, wakers)),
    changes: createChanges({ connection, access, unreported, wakers }),
  };
}

/** Leaves a single file behind if no other connection has the database open; does not wait for others. */
function checkpointAndTruncate(connection: Connection): void {
  try {
    connection.pragma('busy_timeout = 0');
    connection.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // The log stays beside the database and the next opener recovers it: nothing is lost.
  }
}
