import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { REDIS, type Redis, startRedis, VALKEY_9 } from '../../../support/redis.ts';

const SERVERS = [REDIS, VALKEY_9].filter(({ path }) => path !== undefined);

async function start(program: (typeof SERVERS)[number], settings: Record<string, string>): Promise<Redis> {
  const server = await startRedis(program, settings);
  onTestFinished(() => server.close());
  return server;
}

test.each(SERVERS)('$name is refused if it replies before its sync', async (program) => {
  const server = await start(program, { appendfsync: 'everysec' });
  const open = (): Promise<unknown> => openStore(server.url(), { durability: 'power' });
  const set = (name: string, value: string): Promise<string> => server.command('CONFIG', 'SET', name, value);
  const always = /can lose acknowledged writes in a power cut: set appendfsync always in its configuration;/;
  await expect(open()).rejects.toThrow(always);
  await set('appendfsync', 'no');
  await expect(open()).rejects.toThrow(always);
  await set('appendfsync', 'always');
  await set('no-appendfsync-on-rewrite', 'yes');
  await expect(open()).rejects.toThrow(/set no-appendfsync-on-rewrite no in its configuration;/);
  await set('appendonly', 'no');
  await expect(open()).rejects.toThrow(/set appendonly yes and appendfsync always in its configuration;/);
});

test.each(SERVERS)('$name that loses its guarantee is found out by the next connection', async (program) => {
  const server = await start(program, {});
  const store = await openStore(server.url(), { durability: 'power' });
  onTestFinished(() => store.close());
  expect(store.guarantee).toMatchObject({
    durability: 'power',
    engine: expect.stringContaining('appendonly yes, appendfsync always,') as unknown,
  });
  await server.command('CONFIG', 'SET', 'appendfsync', 'everysec');
  await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
  await expect
    .poll(() => Promise.resolve(store.get('b', 'k')).then(String, ({ code }: { code?: string }) => code))
    .toBe('store-unusable');
});

test.each(SERVERS)('$name that does not tell its settings is refused', async (program) => {
  const server = await start(program, {});
  await server.command('ACL', 'SETUSER', 'default', '-config');
  await expect(openStore(server.url(), { durability: 'power' })).rejects.toThrow(
    /allow CONFIG GET, and set appendfsync always in its configuration;/,
  );
  const weaker = await openStore(server.url(), { durability: 'power', acceptWeaker: true });
  onTestFinished(() => weaker.close());
  expect(weaker.guarantee).toMatchObject({ durability: 'process' });
});
