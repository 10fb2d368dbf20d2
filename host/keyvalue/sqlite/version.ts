import { WasmcpError } from '../../error.ts';
import { connect } from './connection.ts';

/** The first good release of each line that got the fix; every line from the last one on has it. */
const FIXED: readonly (readonly [major: number, minor: number, patch: number])[] = [
  [3, 44, 6],
  [3, 50, 7],
  [3, 51, 3],
];

/**
 * Whether SQLite of this version can damage a database in WAL mode that several connections write: one that commits while
 * a second checkpoint begins can have its commit forgotten (https://sqlite.org/wal.html#walresetbug). Versions that
 * cannot be read count as such.
 */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const [lastMajor, lastMinor] = FIXED.at(-1)!;
  if (major > lastMajor || (major === lastMajor && minor > lastMinor)) return false;
  return !FIXED.some((fixed) => fixed[0] === major && fixed[1] === minor && patch >= fixed[2]);
}

/**
 * Refuses to open anything with such a SQLite: each worker has a connection of its own.
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
    `${url} is not opened: SQLite ${version} can damage it when several threads write; install better-sqlite3 with SQLite 3.51.3 or newer`,
  );
}
