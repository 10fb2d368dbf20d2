import { WasmcpError } from '../error.ts';
import { openStore, sqlitePath } from './open.ts';
import { checkSqlite, copySqlite, describeSqlite, type StoreInfo } from './sqlite/maintenance.ts';

/** What can be done with a store from outside, while others use it. `url` is `sqlite:PATH`; other kinds are `option-invalid`. */
export interface StoreMaintenance {
  /** What is wrong with the store; nothing, if all is well. Reads all of it. */
  check(): string[];
  info(): StoreInfo;
  /** Copies the store, as it is at one moment, into a new file. */
  backup(path: string): void;
  /** Makes the store from a backup. It must not exist. */
  restore(path: string): void;
  /** Brings the store's schema up to date; answers its number before. */
  migrate(): Promise<number>;
}

/** @throws WasmcpError `option-invalid`; its methods `store-*` */
export function maintain(url: string): StoreMaintenance {
  const path = sqlitePath(url);
  if (path === undefined) {
    throw new WasmcpError('option-invalid', 'only a store in a file can be looked after: write sqlite:PATH');
  }
  return {
    check: () => checkSqlite(path),
    info: () => describeSqlite(path),
    backup: (target) => copySqlite(path, target),
    restore(source) {
      const [problem] = checkSqlite(source);
      if (problem !== undefined) throw new WasmcpError('store-unusable', `${source} is damaged: ${problem}`);
      copySqlite(source, path);
    },
    async migrate() {
      const { schema } = describeSqlite(path);
      await (await openStore(url)).close();
      return schema;
    },
  };
}
