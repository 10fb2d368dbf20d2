import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { describe, expect, test } from 'vitest';
import { readComponent } from '../../src/component/outline.ts';
import { jcoOptions } from '../../src/transpile/jco-options.ts';
import { stubModules } from '../../src/transpile/stub-modules.ts';
import { parseWat } from '../component/fixtures.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

async function transpile(
  bytes: Uint8Array,
  imports: readonly { name: string }[],
): Promise<[string, Buffer][]> {
  const { files } = await transpileBytes(bytes, jcoOptions(imports));
  return Object.entries(files).map(([name, content]) => [name, Buffer.from(content)]);
}

describe('jco generates the same for a stubbed component as for the original', () => {
  test.for(globSync('*.wasm', { cwd: FIXTURES }))('%s', async (name) => {
    const bytes = await readFile(join(FIXTURES, name));
    const { imports } = readComponent(bytes, name);
    const stubbed = stubModules(bytes);
    expect(stubbed.bytes.length).toBeLessThan(bytes.length);
    const made = await transpile(stubbed.bytes, imports);
    const filled = made.map(([file, content]) => {
      const module = stubbed.modules.find(({ stub }) => content.equals(stub));
      return [file, module === undefined ? content : Buffer.from(module.original)];
    });
    const original = await transpile(bytes, imports);
    expect(filled.map(([file]) => file)).toEqual(original.map(([file]) => file));
    const differing = original.filter(([, content], index) => !content.equals(filled[index]![1] as Buffer));
    expect(differing.map(([file]) => file)).toEqual([]);
  });
});

test('a module of an unknown form is unchanged, so that jco reports it', async () => {
  const bytes = await parseWat('(component (core module $m (func)) (core instance (instantiate $m)))');
  const module = stubModules(bytes).modules[0]!.original;
  // The code section, the last one here, gets a number that no section has.
  const start = Buffer.from(bytes).indexOf(Buffer.from(module));
  const code = Buffer.from(bytes).indexOf(Uint8Array.of(10, 4, 1, 2, 0, 11), start);
  expect(code).toBeGreaterThan(start);
  bytes[code] = 99;
  const [unknown] = stubModules(bytes).modules;
  expect(unknown!.stub).toBe(unknown!.original);
});
