import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  createServer,
  type Durability,
  loadComponent,
  type Server,
  type WasmcpError,
} from '../../src/index.ts';
import { fixture, temporaryFolder } from '../support/command.ts';

interface Setting {
  readonly server: Server;
  readonly path: string;
  readonly broken: WasmcpError[];
}

async function start(durability?: Durability): Promise<Setting> {
  const path = join(temporaryFolder(), 'store.db');
  const broken: WasmcpError[] = [];
  const server = createServer(await loadComponent(fixture('kv-draft')), {
    store: `sqlite:${path}`,
    ...(durability && { durability }),
    storeBroken: (failure) => broken.push(failure),
  });
  onTestFinished(() => server.close(0));
  return { server, path, broken };
}

function ask(server: Server, path: string, body?: string): Promise<Response> {
  return server.fetch(new Request(`http://localhost${path}`, { method: 'POST', ...(body && { body }) }));
}

test.each(['power', 'process', 'strict'] as const)(
  '%s: an acknowledged write can be read',
  async (durability) => {
    const { server } = await start(durability);
    expect((await ask(server, '/set?key=k', 'value')).status).toBe(200);
    expect(await (await ask(server, '/get?key=k')).text()).toBe('value');
  },
);

test('a write that cannot reach the disk is not acknowledged, nor is anything after it', async () => {
  const { server, path, broken } = await start();
  expect((await ask(server, '/set?key=k', 'value')).status).toBe(200);
  rmSync(`${path}-wal`);
  expect((await ask(server, '/set?key=l', 'value')).status).toBe(503);
  expect((await ask(server, '/get?key=k')).status).toBe(503);
  expect(broken).toMatchObject([{ code: 'store-broken', message: expect.stringMatching(/was deleted/) }]);
});

test('many simultaneous responses all arrive, each to its own request', async () => {
  const { server } = await start();
  const values = Array.from({ length: 64 }, (_, n) => `value ${n}`);
  await Promise.all(values.map((value, n) => ask(server, `/set?key=${n}`, value)));
  const read = await Promise.all(values.map(async (_, n) => (await ask(server, `/get?key=${n}`)).text()));
  expect(read).toEqual(values);
});

test('closing sends the responses that are held back', async () => {
  const { server } = await start();
  await ask(server, '/set?key=k', 'value');
  const answers = Array.from({ length: 8 }, (_, n) => ask(server, `/set?key=${n}`, 'value'));
  await server.close(10_000);
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(8).fill(200));
});
