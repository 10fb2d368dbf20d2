import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLeaseHolder, openStore, type Store, WasmcpError } from '../../../../host/index.ts';
import type { GuestRequest } from '../../../../src/http/handler.ts';
import { readMessage } from '../../../../src/mcp/modern/client-message.ts';
import type { TaskLimits } from '../../../../src/mcp/modern/tasks/quota.ts';
import { Tasks } from '../../../../src/mcp/modern/tasks/tasks.ts';
import { temporaryFolder } from '../../../support/command.ts';

const MESSAGE = readMessage({} as GuestRequest, Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call"}'))
  .message!;

const OPTIONS = { kept: 60_000, inputWait: 60_000, maxResult: 1000 };

interface Played {
  readonly tasks: Tasks;
  readonly store: Store;
  readonly log: string[];
}

async function play(
  limits: Partial<TaskLimits> = {},
  kept = 60_000,
  given: Store | undefined = undefined,
): Promise<Played> {
  const store = given ?? (await openStore('memory:'));
  const log: string[] = [];
  const tasks = new Tasks({
    ...{ ...OPTIONS, store, leases: undefined, kept, limits },
    log: (level, context, message) => log.push(`${level} ${context}: ${message}`),
  });
  onTestFinished(async () => {
    await tasks.close(0);
    if (given === undefined) await store.close();
  });
  return { tasks, store, log };
}

function create({ tasks }: Played, owner?: string): ReturnType<Tasks['create']> {
  return tasks.create(owner, MESSAGE, () => {});
}

const BUCKETS = ['wasmcp-node:tasks', 'wasmcp-node:task-results'];
const ANSWER = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}');

async function complete(played: Played, owner?: string): Promise<string> {
  const { created, collector } = (await create(played, owner))!;
  collector.head(200, ['content-type', 'application/json']);
  collector.chunk(ANSWER, () => {});
  collector.end([]);
  return created.taskId as string;
}

test('a host runs as many tasks as its limit allows', async () => {
  const played = await play({ running: 3 });
  const all = await Promise.all(Array.from({ length: 5 }, () => create(played)));
  expect(all.filter((task) => task !== undefined)).toHaveLength(3);
  all[0]!.collector.fail(new WasmcpError('guest-timeout', 'too late'));
  await expect.poll(() => create(played)).toBeDefined();
});

test('as many tasks of one principal are kept as its limit allows, and all others share one', async () => {
  const played = await play({ ofPrincipal: 2, ofOthers: 3 });
  const made = async (owner: string | undefined): Promise<number> => {
    const all = await Promise.all(Array.from({ length: 5 }, () => create(played, owner)));
    return all.filter((task) => task !== undefined).length;
  };
  expect(await Promise.all([made('ada'), made('bob'), made(undefined)])).toEqual([2, 2, 3]);
  expect(await made('ada')).toBe(0);
});

test('expired tasks do not count, and are removed with their results', async () => {
  const played = await play({ ofPrincipal: 2 }, 0);
  const ids = [await complete(played, 'ada'), await complete(played, 'ada')];
  await expect.poll(() => played.tasks.get('ada', ids[1]!)).toBeUndefined();
  expect(await create(played, 'ada')).toBeDefined();
  for (const bucket of BUCKETS) {
    const { keys } = await played.store.list(bucket);
    expect(keys.filter((key) => ids.some((id) => key.endsWith(id)))).toEqual([]);
  }
});

test('a large error is not kept', async () => {
  const { tasks, ...played } = await play();
  const { created, collector } = (await create({ tasks, ...played }))!;
  const error = { code: -32603, message: 'x'.repeat(100_000) };
  collector.head(200, ['content-type', 'application/json']);
  collector.chunk(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, error })), () => {});
  collector.end([]);
  const message = expect.stringMatching(/^the error of the server has 100\d+ bytes$/);
  const end = { status: 'failed', error: { message } };
  await expect.poll(() => tasks.get(undefined, created.taskId as string)).toMatchObject(end);
});

test('tasks of guests that ask much are removed, and stopped by other hosts, however many there are', async () => {
  const played = await play({}, 0);
  const stopped = Promise.withResolvers<void>();
  const message = 'x'.repeat(1_000_000);
  const requests = { a: { method: 'elicitation/create', params: { message } } };
  const ask = async (stop = (): void => {}): Promise<string> => {
    const { created, inputRequired } = (await played.tasks.create(undefined, MESSAGE, stop))!;
    inputRequired({ requests, end() {}, respond() {} });
    return created.taskId as string;
  };
  const id = await ask(stopped.resolve);
  for (let n = 0; n < 70; n++) await ask();
  const asks = { status: 'input_required' };
  await expect.poll(() => played.tasks.get(undefined, id)).toMatchObject(asks);
  // Without leases, no other host lives: the second one ends all of them, and the third one removes them.
  await play({}, 0, played.store);
  await stopped.promise;
  await play({}, 0, played.store);
  await expect.poll(async () => (await played.store.list('wasmcp-node:tasks')).keys).toEqual([]);
});

test('only its owner finds a task', async () => {
  const played = await play();
  for (const owner of ['ada', undefined]) {
    const { created } = (await create(played, owner))!;
    const id = created.taskId as string;
    for (const other of ['ada', 'bob', undefined]) {
      const isOwner = other === owner;
      expect((await played.tasks.get(other, id)) !== undefined).toBe(isOwner);
      expect(await played.tasks.respond(other, id, {})).toBe(isOwner);
      if (!isOwner) expect(await played.tasks.cancel(other, id)).toBe(false);
    }
    expect(await played.tasks.get(owner, id)).toMatchObject({ status: 'working' });
  }
});

test('a task that another host has ended does not end again', async () => {
  const played = await play();
  const { created, collector } = (await create(played))!;
  const id = created.taskId as string;
  const other = await play({}, 60_000, played.store);
  // Without leases, no other host lives.
  const lost = { status: 'failed', error: { message: 'the host that ran the task has ended' } };
  expect(await other.tasks.get(undefined, id)).toMatchObject(lost);
  collector.head(200, ['content-type', 'application/json']);
  collector.chunk(ANSWER, () => {});
  collector.end([]);
  await played.tasks.close(10_000);
  expect(await other.tasks.get(undefined, id)).toMatchObject(lost);
  expect((await played.store.list(BUCKETS[1]!)).keys).toEqual([]);
});

test('a host without tasks gives no sign of life', async () => {
  const store = await openStore(`sqlite:${join(temporaryFolder(), 'store.db')}`);
  const leases = createLeaseHolder(store.leases!, { idle: 1 });
  const tasks = new Tasks({ ...OPTIONS, store, leases, log() {} });
  onTestFinished(async () => {
    await tasks.close(0);
    await leases.close();
    await store.close();
  });
  const { created, collector } = (await tasks.create(undefined, MESSAGE, () => {}))!;
  const stored = await store.get(BUCKETS[0]!, `-/${created.taskId}`);
  const { host } = JSON.parse(Buffer.from(stored!).toString());
  const other = { id: 'another', life: 60_000 };
  expect(await store.leases!.acquire(other, BUCKETS[0]!, host)).toBeUndefined();
  await store.leases!.release(other, BUCKETS[0]!, [host]);
  collector.fail(new WasmcpError('guest-timeout', 'too late'));
  await expect.poll(() => store.leases!.acquire(other, BUCKETS[0]!, host), { timeout: 20_000 }).toBeDefined();
});

test('a call remains a call while the store fails', async () => {
  const played = await play();
  const { store } = played;
  store.set = () => {
    throw new WasmcpError('store-unavailable', 'away');
  };
  expect(await create(played)).toBeUndefined();
  expect(played.log).toEqual(['warn tasks: a call does not become a task: away']);
});

test('the end of a task is stored as soon as the store lets it', async () => {
  const played = await play();
  const { store } = played;
  const { set } = store;
  store.set = (bucket, ...others) => {
    if (!bucket.endsWith('results')) return set.call(store, bucket, ...others);
    store.set = set;
    throw new WasmcpError('store-unavailable', 'away');
  };
  const id = await complete(played);
  expect(await played.tasks.get(undefined, id)).toMatchObject({ status: 'working' });
  await expect
    .poll(() => played.tasks.get(undefined, id), { timeout: 10_000 })
    .toMatchObject({ status: 'completed', result: { content: [] } });
});

test('a task that its client did not get leaves nothing', async () => {
  const played = await play();
  const { discard, created } = (await create(played))!;
  discard();
  expect(await played.tasks.get(undefined, created.taskId as string)).toBeUndefined();
  await expect.poll(async () => (await played.store.list(BUCKETS[0]!)).keys).toEqual([]);
});
