import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSuite } from './settings-suite.ts';

settingsSuite('SQLite', true, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-'));
  let stores = 0;
  return {
    url: () => `sqlite:${join(folder, `${++stores}.db`)}`,
    close: async () => rmSync(folder, { recursive: true }),
  };
});
