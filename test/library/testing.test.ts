import { expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { serveForTest } from '../../src/testing.ts';
import { fixture } from '../support/command.ts';
import { withoutWarning } from '../support/raw-glue.ts';

test('a component is served with and without a socket, on one store that the test can read', async () => {
  await using server = await serveForTest(fixture('kv-draft'));
  await server.fetch('/set?bucket=b&key=k', { method: 'POST', body: 'by fetch' });
  expect(await (await fetch(`${server.url}/get?bucket=b&key=k`)).text()).toBe('by fetch');
  await server.store.set('b', 'k', Buffer.from('by the test'));
  expect(await (await server.fetch('/get?bucket=b&key=k')).text()).toBe('by the test');
});

test('failures of a guest can be read', async () => {
  await using server = await serveForTest(fixture('misbehave'));
  expect((await server.fetch('/panic')).status).toBe(500);
  expect(server.output).toContain('panicked at');
  expect(withoutWarning(server.log.join('\n'))).toMatch(/^error GET \/panic: the guest trapped.*$/);
});

test('two servers are independent, and closing one closes its port and store', async () => {
  let url: string;
  {
    await using one = await serveForTest(fixture('kv-draft'));
    await using two = await serveForTest(fixture('kv-draft'));
    await one.fetch('/set?bucket=b&key=k', { method: 'POST', body: 'v' });
    expect((await two.fetch('/get?bucket=b&key=k')).status).toBe(404);
    ({ url } = one);
  }
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('a store that the test passes stays open', async () => {
  const store = await openStore('memory:');
  await store.set('b', 'k', Buffer.from('before'));
  {
    await using server = await serveForTest(fixture('kv-draft'), { store });
    expect(await (await server.fetch('/get?bucket=b&key=k')).text()).toBe('before');
  }
  expect(await store.exists('b', 'k')).toBe(true);
  await store.close();
});

test('a component that cannot be served leaves nothing running', async () => {
  await expect(serveForTest(fixture('command'))).rejects.toMatchObject({ code: 'component-unlinkable' });
});
