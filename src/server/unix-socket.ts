import { chmodSync, existsSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** Why a path cannot be listened on; undefined once it can. */
type Obstacle = string | undefined;

/**
 * Makes room for a Unix socket at `path`, if one can be created there: removes one that a killed server has left behind. Only if nobody answers there: the system
 * refuses connections to a socket without a process.
 */
export async function makeRoom(path: string): Promise<Obstacle> {
  const found = statsOf(path);
  // The system's error for it, in the words of Node, is that permission is denied.
  if (found === undefined)
    return existsSync(dirname(path)) ? undefined : 'is in a folder that does not exist';
  if (!found.isSocket()) return 'exists and is not a socket';
  const answer = await probe(path);
  if (answer === undefined) return 'is already in use: stop the program that listens there';
  if (answer !== 'ECONNREFUSED') return answer === 'ENOENT' ? undefined : `cannot be examined (${answer})`;
  // Another server may have taken the path meanwhile.
  if (statsOf(path)?.ino !== found.ino) return undefined;
  unlinkSync(path);
  return undefined;
}

/**
 * Calls `bind`, which creates a socket at `path`, so that the socket has these permissions from the start: a client that
 * connects before `chmod` would stay connected.
 */
export function withMode(path: string, mode: number, bind: () => void): void {
  if (!isMainThread) {
    // Threads cannot set the mask.
    bind();
    if (statsOf(path) !== undefined) chmodSync(path, mode);
    return;
  }
  const former = process.umask(0o777 & ~mode);
  try {
    bind();
  } finally {
    process.umask(former);
  }
}

/** Removes the socket when the process exits without closing it. The returned function cancels that. */
export function removeAtExit(path: string): () => void {
  const created = statsOf(path)?.ino;
  const remove = (): void => {
    if (statsOf(path)?.ino === created) unlinkSync(path);
  };
  process.on('exit', remove);
  return () => void process.off('exit', remove);
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    // Whatever the reason is, binding fails for it, too.
    return undefined;
  }
}

/** Connects and disconnects. Returns the code of the error, if it fails. */
function probe(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}
