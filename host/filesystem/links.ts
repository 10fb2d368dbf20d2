import { readdirSync } from 'node:fs';

const SEPARATOR: Buffer = Buffer.from('/');

/**
 * Whether a folder contains a symbolic link at any depth; does not follow links. Reads the whole tree if there is none. Names
 * are bytes, as not all of them are valid text.
 *
 * @throws the error of `node:fs`
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

/** Whether the text of a relative link that lies `depth` levels below a folder leads out of it. */
export function leaves(target: string, depth: number): boolean {
  let at = depth;
  for (const name of target.split('/')) {
    if (name === '..') at -= 1;
    else if (name !== '' && name !== '.') at += 1;
    if (at < 0) return true;
  }
  return false;
}
