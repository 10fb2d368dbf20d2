import { WasmcpError, type WasmcpErrorCode } from '../../error.ts';

/** Our failure for each SQLite result code (https://sqlite.org/rescode.html); an extended code wins over its primary code. */
const FAILURES: Readonly<Record<string, readonly [code: WasmcpErrorCode, what: string]>> = {
  SQLITE_BUSY: ['store-busy', 'is being written by another process or thread: try again'],
  SQLITE_LOCKED: ['store-busy', 'is being written by another process or thread: try again'],
  SQLITE_FULL: ['store-full', 'cannot grow: free some space on its disk'],
  // The shared index file cannot grow: the disk is full before the first write.
  SQLITE_IOERR_SHMSIZE: ['store-full', 'cannot grow: free some space on its disk'],
  // After a failed sync the content of the disk is unknown, and a retry reports success for what is lost.
  SQLITE_IOERR_FSYNC: ['store-broken', 'could not be synced to its disk: check the disk, then start again'],
  SQLITE_IOERR_DIR_FSYNC: [
    'store-broken',
    'could not be synced to its disk: check the disk, then start again',
  ],
  // The only trigger, see `moved.ts`.
  SQLITE_CONSTRAINT_TRIGGER: ['store-broken', 'was moved to another store: start again, which names it'],
  SQLITE_TOOBIG: ['store-limit', 'cannot hold a value of that size'],
  SQLITE_NOTADB: ['store-unusable', 'is not a SQLite database: choose another path or move the file away'],
  SQLITE_CORRUPT: ['store-unusable', 'is damaged: restore it from a backup'],
  SQLITE_CANTOPEN: ['store-unusable', 'cannot be opened: check the permissions of the file and its folder'],
  SQLITE_PERM: ['store-unusable', 'cannot be opened: check the permissions of the file and its folder'],
  SQLITE_READONLY: ['store-unusable', 'cannot be written: check the permissions of the file and its folder'],
  SQLITE_IOERR: ['store-unusable', 'cannot be read or written: check its disk'],
  SQLITE_PROTOCOL: ['store-unusable', 'cannot be locked: its file system does not support it'],
  SQLITE_NOMEM: ['store-unusable', 'ran out of memory'],
};

/** Maps an error of SQLite to an expected failure; returns any other error unchanged. */
export function sqliteFailure(error: unknown, url: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  const primary = error.code.split('_', 2).join('_');
  const failure = FAILURES[error.code] ?? FAILURES[primary];
  if (failure === undefined) return error;
  return new WasmcpError(failure[0], `${url} ${failure[1]} (${error.code}: ${error.message})`, {
    cause: error,
  });
}
