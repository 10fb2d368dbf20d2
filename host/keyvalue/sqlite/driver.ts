import { stat } from 'node:fs/promises';
import type { StoreDriver } from '../driver.ts';
import { maintainSqlite } from './maintain.ts';

/** `sqlite:PATH`. Its calls return without leaving the thread, so each thread has a connection of its own. */
export const SQLITE: StoreDriver = {
  form: 'sqlite:PATH',
  accepts: (url) => pathOf(url) !== undefined,
  preload: (keeps) =>
    Promise.all([
      import('./open.ts'),
      ...(keeps ? [import('./durability-gate.ts'), import('./housekeeping.ts')] : []),
    ]),
  open: async (url, options) => (await import('./open.ts')).openSqlite(pathIn(url), options),
  isOpenedPerThread: true,
  openGate: async (url, options) =>
    (await import('./durability-gate.ts')).openSqliteGate(pathIn(url), options),
  startHousekeeping: async (url, options) =>
    (await import('./housekeeping.ts')).startHousekeeping(pathIn(url), options),
  openSource: async (url) => (await import('./copy-source.ts')).openSqliteSource(pathIn(url)),
  maintain: (url) => maintainSqlite(pathIn(url)),
  async sizeOf(url) {
    const path = pathIn(url);
    const [database, log] = await Promise.all([sizeOf(path), sizeOf(`${path}-wal`)]);
    return { database, log };
  },
  filesOf: (url) => [{ path: pathIn(url), kind: 'database' }],
};

/** The path in a `sqlite:` URL; undefined for any other URL, and for one that names no file. */
function pathOf(url: string): string | undefined {
  const path = /^sqlite:(.+)$/is.exec(url)?.[1];
  return path === undefined || path === ':memory:' || /^\/\/(?!\/)/.test(path) ? undefined : path;
}

function pathIn(url: string): string {
  const path = pathOf(url);
  if (path === undefined) throw new TypeError('not a URL of this driver');
  return path;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
