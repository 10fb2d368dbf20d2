import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { storeConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import { openMemory, openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
let stores = 0;

afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ['SQLite in a file', () => openSqlite(join(folder, `${stores++}.db`))],
  ['SQLite in memory', () => openMemory()],
])('%s passes the conformance suite', (_, open) => {
  test.each(storeConformance(open))('$name', ({ run }) => run());
});
