import { WasmcpError } from '../../error.ts';
import { connect } from './connection.ts';

/** The first fixed release of each line that got the fix; later lines have it too. */
const FIXED: readonly (readonly [major: number, minor: number, patch: number])[] = [
  [3, 44, 6],
  [3, 50, 7],
  [3, 51, 3],
];

/**
 * Whether this version of SQLite can damage a database in WAL mode that several connections write: a commit made while a
 * second checkpoint begins can be lost (https://sqlite.org/wal.html#walresetbug). True for versions that cannot be parsed.
 */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const [lastMajor, lastMinor] = FIXED.at(-1)!;
  if (major > lastMajor || (major === lastMajor && minor > lastMinor)) return false;
  return !FIXED.some((fixed) => fixed[0] === major && fixed[1] === minor && patch >= fixed[2]);
}

/**
 * Refuses to open a store with such a version: each worker has its own connection.
 *
 * @throws WasmcpError `store-unusable`
 */
export function requireFixedSqlite(url: string): void {
  const connection = connect(':memory:', 0);
  const version = String(connection.prepare('SELECT sqlite_version()').pluck().get());
  connection.close();
  if (!hasWalResetBug(version)) return;
  throw new WasmcpError(
    'store-unusable',
    `${url} was not opened: SQLite ${version} can damage it when several threads write; install better-sqlite3 with SQLite 3.51.3 or newer`,
  );
}
