import { readdirSync } from 'node:fs';

const SEPARATOR: Buffer = Buffer.from('/');

/**
 * Whether a symbolic link is anywhere in a folder; links are not followed. Reads the whole tree when there is none, and
 * throws the error of `node:fs` when it cannot. Names are bytes, as not each of them can be written as text.
 */
export function containsLink(folder: string): boolean {
  const pending: Buffer[] = [Buffer.from(folder)];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true, encoding: 'buffer' })) {
      if (entry.isSymbolicLink()) return true;
      if (entry.isDirectory()) pending.push(Buffer.concat([next, SEPARATOR, entry.name]));
    }
  }
  return false;
}

/** Whether a relative link leads out of a folder, as it is written, when it lies `depth` folders below it. */
export function leaves(target: string, depth: number): boolean {
  let at = depth;
  for (const name of target.split('/')) {
    if (name === '..') at -= 1;
    else if (name !== '' && name !== '.') at += 1;
    if (at < 0) return true;
  }
  return false;
}
