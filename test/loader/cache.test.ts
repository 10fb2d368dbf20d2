import { chmod, chown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';
import type { LoadedComponent } from '../../src/component/component.ts';
import { runGlue } from '../../src/component/glue.ts';
import { userCacheFolder } from '../../src/loader/cache-folder.js';
import { loadComponent } from '../../src/loader/load-component.ts';
import type { LoadStage } from '../../src/loader/load-options.ts';
import { parseWat, temporaryFolder } from '../component/fixtures.ts';
import { fixture } from '../support/command.ts';
import { rawGlue } from '../support/raw-glue.ts';

const CALCULATOR = '(component (core module $m) (core instance (instantiate $m)))';
const OTHER = '(component (core module $m (memory 1)) (core instance (instantiate $m)))';

const bytes = await parseWat(CALCULATOR);

async function load(
  cacheDir?: string,
  source: Uint8Array = bytes,
): Promise<LoadedComponent & { stages: LoadStage[] }> {
  const stages: LoadStage[] = [];
  const progress = (stage: LoadStage): void => void stages.push(stage);
  const component = await loadComponent(source, { progress, ...(cacheDir !== undefined && { cacheDir }) });
  const glue = runGlue(component.glue);
  glue.instantiate((name) => component.modules[name]!, {});
  return { ...component, stages };
}

async function onlyEntry(folder: string): Promise<string> {
  const [entry, ...others] = await readdir(folder);
  expect(others).toEqual([]);
  return join(folder, entry!);
}

afterEach(() => vi.unstubAllEnvs());

test('transpiles once, then loads everything from the cache', async () => {
  const folder = join(await temporaryFolder(), 'made', 'on', 'demand');
  const first = await load(folder);
  const second = await load(folder);
  expect(first).toMatchObject({ fromCache: false, stages: ['reading', 'transpiling', 'compiling'] });
  expect(second).toMatchObject({ fromCache: true, stages: ['reading', 'compiling'] });
  const { fromCache: _1, stages: _2, modules: modules1, ...rest1 } = first;
  const { fromCache: _3, stages: _4, modules: modules2, ...rest2 } = second;
  expect(rest2).toEqual(rest1);
  expect(Object.keys(modules2)).toEqual(Object.keys(modules1));
});

test('an entry does not keep the limits of the load that wrote it', async () => {
  const cacheDir = await temporaryFolder();
  const limitsAt = async (maxMemory: number): Promise<unknown> => {
    const loaded = await loadComponent(fixture('notes-draft'), { cacheDir, maxMemory });
    // Kept to restore instances, which raw glue cannot.
    const each = rawGlue ? [maxMemory] : Object.values(loaded.memoryLimits).flat();
    return [loaded.fromCache, loaded.memory.limit, Math.max(...each)];
  };
  const mib = 1024 ** 2;
  expect(await limitsAt(64 * mib)).toEqual([false, 64 * mib, 64 * mib]);
  expect(await limitsAt(512 * mib)).toEqual([true, 512 * mib, 512 * mib]);
  expect(await limitsAt(32 * mib)).toEqual([true, 32 * mib, 32 * mib]);
});

test('V8 takes the code that an entry has for the glue', async () => {
  const folder = await temporaryFolder();
  await load(folder);
  const { glue } = await load(folder);
  expect(new Script(glue.script, { cachedData: glue.code }).cachedDataRejected).toBe(false);
  const damaged = Uint8Array.from(glue.code, (byte) => byte ^ 0xff);
  expect(runGlue({ ...glue, code: damaged })).toHaveProperty('instantiate');
});

test('writes files that only their owner can access', async () => {
  const folder = join(await temporaryFolder(), 'cache');
  await load(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(await onlyEntry(folder))).mode & 0o777).toBe(0o600);
});

test('never runs an entry in which any byte was changed, and replaces it', async () => {
  const folder = await temporaryFolder();
  await load(folder);
  const path = await onlyEntry(folder);
  const good = await readFile(path);
  const changes: [string, Uint8Array][] = [
    ['empty', new Uint8Array()],
    ['cut off', good.subarray(0, -1)],
    ['longer', Buffer.concat([good, new Uint8Array(1)])],
    [
      'with other code',
      Buffer.from(good.toString('latin1').replace('instantiate(', 'instantiAte('), 'latin1'),
    ],
  ];
  for (const position of [0, 33, 40, good.length - 1]) {
    const changed = Buffer.from(good);
    changed[position]! ^= 1;
    changes.push([`changed at ${position}`, changed]);
  }
  for (const [what, content] of changes) {
    await writeFile(path, content);
    expect((await load(folder)).fromCache, what).toBe(false);
    expect((await load(folder)).fromCache, what).toBe(true);
  }
});

test('does not accept the entry of another component', async () => {
  const folder = await temporaryFolder();
  await load(folder);
  const mine = await onlyEntry(folder);
  await rename(mine, join(folder, 'aside'));
  await load(folder, await parseWat(OTHER));
  const other = (await readdir(folder)).find((name) => name !== 'aside')!;
  await rename(join(folder, other), mine);
  expect((await load(folder)).fromCache).toBe(false);
});

test('supports concurrent loads, which leave one complete entry', async () => {
  const folder = await temporaryFolder();
  await Promise.all(Array.from({ length: 5 }, () => load(folder)));
  await onlyEntry(folder);
  expect((await load(folder)).fromCache).toBe(true);
});

test('does not trust a folder or an entry that others may write to', async () => {
  const folder = await temporaryFolder();
  await load(folder);
  const entry = await onlyEntry(folder);
  await chmod(entry, 0o666);
  expect((await load(folder)).fromCache).toBe(false);
  await chmod(folder, 0o777);
  await expect(load(folder)).rejects.toMatchObject({
    code: 'cache-unusable',
    message: expect.stringContaining('others may write to it'),
  });
});

test.runIf(process.getuid?.() === 0)('does not trust what belongs to another user', async () => {
  const folder = await temporaryFolder();
  await load(folder);
  await chown(await onlyEntry(folder), 12345, 12345);
  expect((await load(folder)).fromCache).toBe(false);
  await chown(folder, 12345, 12345);
  await expect(load(folder)).rejects.toMatchObject({
    code: 'cache-unusable',
    message: expect.stringContaining('belongs to another user (id 12345)'),
  });
});

test('fails if the given folder cannot be used', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  await expect(load(join(file, 'cache'))).rejects.toMatchObject({
    code: 'cache-unusable',
    message: expect.stringContaining(join(file, 'cache')),
  });
});

test('works without a usable home, and reports that nothing was cached', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  vi.stubEnv('XDG_CACHE_HOME', file);
  expect(await load()).toMatchObject({ fromCache: false, cacheProblem: expect.stringContaining('ENOTDIR') });
});

test("uses the user's cache folder by default", async () => {
  const home = await temporaryFolder();
  vi.stubEnv('XDG_CACHE_HOME', home);
  expect(await load()).not.toHaveProperty('cacheProblem');
  await onlyEntry(join(home, 'wasmcp-node'));
  await mkdir(join(home, 'home'));
  vi.stubEnv('HOME', join(home, 'home'));
  expect(userCacheFolder({ XDG_CACHE_HOME: 'relative/path' })).toContain(join(home, 'home'));
});
