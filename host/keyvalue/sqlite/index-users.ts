import { readFileSync, statSync } from 'node:fs';

/** The byte of a `-shm` file on which each of its users holds a lock (https://sqlite.org/walformat.html, "WAL Locks"). */
const USER_LOCK = 128;

/**
 * The processes that use the `-shm` file of the database at `path`, a real path, by the locks that Linux lists (proc(5),
 * `/proc/locks`). None on other systems, and none of another PID namespace.
 */
export function indexUsers(path: string): ReadonlySet<string> {
  const users = new Set<string>();
  const inode = statSync(`${path}-shm`, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) return users;
  const pattern = new RegExp(
    `POSIX +ADVISORY +\\w+ +(\\d+) +[0-9a-f]+:[0-9a-f]+:${inode} (\\d+) (\\d+)$`,
    'gm',
  );
  for (const [, user, first, last] of listedLocks().matchAll(pattern)) {
    if (Number(first) <= USER_LOCK && USER_LOCK <= Number(last)) users.add(user!);
  }
  return users;
}

function listedLocks(): string {
  try {
    return readFileSync('/proc/locks', 'utf8');
  } catch {
    return '';
  }
}
