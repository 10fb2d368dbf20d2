import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createServer, loadComponent, openStore } from '../../src/index.ts';
import { fixture, temporaryFolder } from '../support/command.ts';
import type { Holding } from './rounds.ts';

const MEGABYTE = 1024 ** 2;

test('a closed server leaves no handle, thread, file or memory behind, even after twenty rounds', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const script = join(import.meta.dirname, 'rounds.ts');
  const args = ['--expose-gc', script, fixture('kv-draft'), store, '20'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const found = JSON.parse(stdout) as Holding[];
  // Node opens a few things once: what is there after some rounds is what has to stay the same.
  const early = found[4]!;
  const last = found[19]!;
  for (const { resources } of found) expect(resources.filter((name) => name !== 'PipeWrap')).toEqual([]);
  expect(last.threads).toBeLessThanOrEqual(early.threads);
  expect(last.files).toBeLessThanOrEqual(early.files);
  expect(last.heap - early.heap).toBeLessThan(2 * MEGABYTE);
  expect(last.external - early.external).toBeLessThan(2 * MEGABYTE);
}, 60_000);

test('two servers in one process have separate components and environments, and close separately', async () => {
  const component = await loadComponent(fixture('http-lab'));
  const shared = await openStore('memory:');
  const other = createServer(await loadComponent(fixture('kv-draft')), { store: shared });
  {
    await using one = createServer(component, { store: 'memory:', env: { WHO: 'one' } });
    await using two = createServer(component, { store: 'memory:', env: { WHO: 'two' } });
    const urls = [await one.listen(0), await two.listen(0)];
    const said = urls.map(async (url) => (await fetch(`${url}env`)).text());
    expect(await Promise.all(said)).toEqual([expect.stringContaining('one'), expect.stringContaining('two')]);
    await one.close();
    await expect(fetch(urls[0]!)).rejects.toThrow();
    expect((await fetch(`${urls[1]}env`)).status).toBe(200);
  }
  expect((await other.fetch(new Request('http://localhost/get?bucket=b&key=k'))).status).toBe(404);
  await other.close();
  expect(await shared.exists('b', 'k')).toBe(false);
  await shared.close();
});
