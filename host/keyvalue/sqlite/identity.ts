import { type BigIntStats, statSync } from 'node:fs';
import { WasmcpError } from '../../error.ts';

/** The files of an open database, remembered. */
export interface FileIdentity {
  /** `store-broken` when one was deleted or replaced: SQLite would go on writing into a file that nobody finds again. */
  check(): WasmcpError | undefined;
}

/** Remembers which files the database at `path` consists of, its log included, which some connection has open. */
export function identify(path: string, url: string): FileIdentity {
  const files = [path, `${path}-wal`].map((name) => ({ name, known: look(name) }));
  return {
    check() {
      for (const { name, known } of files) {
        const now = look(name);
        if (now !== undefined && now.ino === known?.ino && now.dev === known.dev) continue;
        const what = now === undefined ? 'deleted' : 'replaced';
        return new WasmcpError('store-broken', `${url} is lost: ${name} was ${what} while it was open`);
      }
      return undefined;
    },
  };
}

/** What cannot be reached is as good as deleted. */
function look(name: string): BigIntStats | undefined {
  try {
    return statSync(name, { bigint: true });
  } catch {
    return undefined;
  }
}
