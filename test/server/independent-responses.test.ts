import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { createMonitor } from '../../src/server/admin/monitor.ts';
import { temporaryFolder } from '../support/command.ts';
import { create, type ServingOptions } from '../support/serving.ts';

interface Setting {
  ask(path: string): Promise<number>;
  /** Whether the response to this waits for a sync when another program has written to the store. */
  waits(path: string): Promise<boolean>;
}

/** The response of a guest that had to give way on a busy machine is sent in parts, and waits. */
const ATTEMPTS = 30;

async function everLeavesAtOnce({ waits }: Setting, path: string): Promise<boolean> {
  for (let n = 0; n < ATTEMPTS; n++) if (!(await waits(path))) return true;
  return false;
}

async function start(guest: string, options: ServingOptions = {}): Promise<Setting> {
  const path = join(temporaryFolder(), 'store.db');
  const monitor = createMonitor();
  onTestFinished(() => monitor.close());
  const own = { store: `sqlite:${path}`, workers: 1, mcp: 'off', monitor } as const;
  const { server } = await create(guest, { ...own, ...options });
  const syncs = (): number => monitor.status().load!.syncs!;

  async function ask(path: string): Promise<number> {
    const response = await server.fetch(new Request(`http://localhost${path}`));
    await response.arrayBuffer();
    return response.status;
  }

  // The first response that asks waits for what a predecessor may have written.
  await ask('/get?key=key');
  const other = await openStore(`sqlite:${path}`, { durability: 'process' });
  onTestFinished(() => other.close());
  return {
    ask,
    async waits(path) {
      await other.set('default', 'key', new TextEncoder().encode('value'));
      const before = syncs();
      expect(await ask(path)).toBeLessThan(503);
      return syncs() > before;
    },
  };
}

test.each([
  ['kv-draft', '/nothing'],
  ['http-lab', '/globals'],
  ['http-lab', '/env'],
])('%s: the response to %s does not wait', async (guest, path) => {
  expect(await everLeavesAtOnce(await start(guest), path)).toBe(true);
});

test.each(['/get?key=key', '/exists?key=key', '/list', '/get-many?key=key', '/increment?key=number'])(
  'a guest that has used its store by %s has a response that waits',
  async (path) => {
    const { waits } = await start('kv-draft');
    expect(await waits(path)).toBe(true);
  },
);

test('a guest that has used a file has a response that waits', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'note'), 'text');
  const { waits } = await start('http-lab', { directories: [{ host: folder, guest: '/files' }] });
  expect(await waits('/fs?path=/files/note')).toBe(true);
});

test('a guest that has sent a request has a response that waits', async () => {
  const { waits } = await start('http-lab');
  expect(await waits('/outgoing?url=http://127.0.0.1:1/')).toBe(true);
});

test('a response that is sent in parts waits, whatever its guest has done', async () => {
  const { waits } = await start('http-lab');
  expect(await waits('/stream?n=3&ms=1&size=10')).toBe(true);
});

test.each([
  ['request', 'request', true],
  ['fresh', 'fresh', true],
  ['reuse', { reuse: 100 }, false],
] as const)('isolation %s: what earlier requests may have left counts', async (_, isolation, leaves) => {
  const setting = await start('kv-draft', { isolation });
  expect(await setting.ask('/exists?key=key')).toBe(200);
  expect(await everLeavesAtOnce(setting, '/nothing')).toBe(leaves);
});
