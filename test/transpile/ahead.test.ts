import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LoadedComponent } from '../../src/component/component.ts';
import { loadComponent } from '../../src/loader/load-component.ts';
import { transpileAhead } from '../../src/transpile/ahead.ts';
import { startTranspilerThread, type TranspilerThread } from '../../src/transpile/jco-thread.ts';
import { endPrestartedTranspiler } from '../../src/transpile/prestarted-transpiler.ts';
import { parseWat, temporaryFolder } from '../component/fixtures.ts';

const ONE = '(component (core module $m (memory 1)) (core instance (instantiate $m)))';
const OTHER =
  '(component (core module $m (memory 2)) (core instance (instantiate $m)) (core instance (instantiate $m)))';

async function file(text: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'server.wasm');
  await writeFile(path, typeof text === 'string' ? await parseWat(text) : text);
  return path;
}

/** A thread, and the number of tasks that it has got. */
function countingThread(): { readonly thread: TranspilerThread; readonly tasks: () => number } {
  const thread = startTranspilerThread();
  let tasks = 0;
  onTestFinished(() => thread.close());
  onTestFinished(endPrestartedTranspiler);
  const generate: TranspilerThread['generate'] = (task, refused) => {
    tasks += 1;
    return thread.generate(task, refused);
  };
  return { thread: { ...thread, generate }, tasks: () => tasks };
}

async function load(path: string): Promise<LoadedComponent> {
  return loadComponent(path, { cacheDir: await temporaryFolder() });
}

/** What must not depend on when the component was transpiled. */
const made = ({
  glue: { code: _code, ...glue },
  memory,
  meters,
  memoryLimits,
  digest,
}: LoadedComponent): unknown => ({
  glue,
  memory,
  meters,
  memoryLimits,
  digest,
});

test('a load takes what the thread has begun for the same file', async () => {
  const path = await file(ONE);
  const { thread, tasks } = countingThread();
  transpileAhead(thread, path);
  expect(tasks()).toBe(1);
  const ahead = await load(path);
  expect(tasks()).toBe(1);
  expect(made(ahead)).toEqual(made(await load(path)));
});

test('a load is right although the file has changed since', async () => {
  const path = await file(OTHER);
  const { thread } = countingThread();
  transpileAhead(thread, path);
  await writeFile(path, await parseWat(ONE));
  const ahead = await load(path);
  expect(made(ahead)).toEqual(made(await load(path)));
});

test.each([
  ['another file', () => file(OTHER)],
  ['a file that is no component', () => file(Uint8Array.of(1, 2))],
  ['a file that is missing', async () => join(await temporaryFolder(), 'missing.wasm')],
  ['no file', async () => undefined],
])('a load is right although the thread got %s', async (_, begin) => {
  const path = await file(ONE);
  const { thread } = countingThread();
  transpileAhead(thread, await begin());
  const ahead = await load(path);
  expect(made(ahead)).toEqual(made(await load(path)));
});

test('what is wrong with the component is reported by the load', async () => {
  const path = await file(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, 0x7f, 0x00));
  const { thread } = countingThread();
  transpileAhead(thread, path);
  await expect(load(path)).rejects.toMatchObject({ code: 'component-invalid' });
});
