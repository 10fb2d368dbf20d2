import { writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/command.ts';
import { rawGlue } from '../support/raw-glue.ts';

test('prints imports, exports and the kind of glue of a component, and leaves no files', async () => {
  const cwd = temporaryFolder();
  const { status, stdout, stderr } = await run(['inspect', fixture('notes-draft2')], { cwd });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(
    /^ {2}wasi:keyvalue\/batch@0\.2\.0-draft2 +host \(2 functions, get-many by pairs\)$/m,
  );
  expect(stdout).toMatch(/^exports\n {2}wasi:http\/incoming-handler@0\.2\.12$/m);
  expect(stdout).toMatch(new RegExp(`^ {2}glue +${rawGlue ? 'raw' : 'lean'}: `, 'm'));
  expect(await readdir(cwd)).toEqual([]);
});

test('reads a component from standard input', async () => {
  const input = await readFile(fixture('kv-draft'));
  const { status, stdout } = await run(['inspect', '-'], { input });
  expect(status).toBe(0);
  expect(stdout).toContain('wasi:keyvalue/store@0.2.0-draft');
});

test('exits with status 1 when nothing satisfies an import, and reports a remedy', async () => {
  const path = join(temporaryFolder(), 'server.wasm');
  writeFileSync(
    path,
    await parse('(component (import "acme:billing/ledger@1.0.0" (instance (export "charge" (func)))))'),
  );
  const { status, stdout } = await run(['inspect', path]);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^ {2}acme:billing\/ledger@1\.0\.0 +MISSING: nothing here offers it/m);
});
