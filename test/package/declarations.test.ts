import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { createDeclarationReader } from './declarations.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENTRIES = Object.entries(manifest.exports).flatMap(([entry, target]) =>
  // What `jco transpile --map` puts into a component's imports has no types that a program names.
  typeof target === 'string' || entry.startsWith('./keyvalue/')
    ? []
    : [[entry, target.types.replace('./dist/', '')] as const],
);

const folder = mkdtempSync(join(tmpdir(), 'declarations-'));

beforeAll(async () => {
  const args = ['--project', 'tsconfig.build.json', '--outDir', folder];
  await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), args, { cwd: ROOT });
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** What the exports of a file use without it being exported there, or by `shared`. */
function missing(file: string, shared: string): string[] {
  const reader = createDeclarationReader();
  const exported = reader.exportsOf(join(folder, file));
  const ids = new Set(
    [...exported.values(), ...reader.exportsOf(join(folder, shared)).values()].map(({ id }) => id),
  );
  return [...exported].flatMap(([name, declaration]) =>
    reader
      .uses(declaration)
      .filter(({ id }) => !ids.has(id))
      .map(({ id }) => `${name} uses ${relative(folder, id)}`),
  );
}

test.each(ENTRIES)('%s exports every type that its signatures use, or the main entry does', (_, file) => {
  expect(missing(file, 'src/index.d.ts')).toEqual([]);
});

test('a type that is not exported would be found', () => {
  writeFileSync(
    join(folder, 'shape.d.ts'),
    'export interface Shape { edges: Edge[] }\nexport interface Edge {}\n',
  );
  writeFileSync(
    join(folder, 'entry.d.ts'),
    "import { type Shape } from './shape.ts';\nexport type { Edge } from './shape.ts';\nexport declare function draw(shape: Shape): void;\n",
  );
  expect(missing('entry.d.ts', 'entry.d.ts')).toEqual(['draw uses shape.d.ts#Shape']);
});
