import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf, DOCUMENTS, ROOT } from './markdown.ts';
import { createReader } from './reader.ts';
import { fileOf } from './steps.ts';

const OPTIONS = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'dom'],
  module: 'nodenext',
  types: ['node'],
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

test("the manual's TypeScript compiles under strict settings", async () => {
  const reader = createReader(8080);
  onTestFinished(reader.remove);
  const programs = DOCUMENTS.flatMap(blocksOf).filter(({ language }) => language === 'ts');
  expect(programs.length).toBeGreaterThan(5);
  for (const block of programs) {
    const file = join(reader.folder, dirname(block.document), fileOf(block)!);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, block.text);
  }
  const config = { compilerOptions: OPTIONS, include: ['*.ts', 'docs/**/*.ts'] };
  writeFileSync(join(reader.folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const checked = promisify(execFile)(tsc, ['--pretty', 'false'], { cwd: reader.folder });
  const said = await checked.then(({ stdout }) => stdout).catch(({ stdout }: { stdout: string }) => stdout);
  // Errors outside the manual, for example in the library's sources, are not its problem.
  expect(said.split('\n').filter((line) => /^(\w+\.ts|docs\/)/.test(line))).toEqual([]);
});
