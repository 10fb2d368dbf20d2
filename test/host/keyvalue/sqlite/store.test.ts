import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openMemory, openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import { storeConformance } from '../conformance.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
let stores = 0;

afterAll(() => rmSync(folder, { recursive: true }));

storeConformance('SQLite in a file', async () => openSqlite(join(folder, `${stores++}.db`)));
storeConformance('SQLite in memory', async () => openMemory());
