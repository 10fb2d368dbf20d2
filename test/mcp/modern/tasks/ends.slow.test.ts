import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../../../support/command.ts';
import { component, listen } from '../../../support/serving.ts';
import { getTask, leaves, startTask, taskRequest } from '../../../support/tasks.ts';

function storeIn(folder: string): string {
  return `sqlite:${join(folder, 'store.db')}`;
}

test('a task is kept for some time after its end', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', taskAfter: 50, taskTtl: 500 });
  const { taskId } = await startTask(url, 'slow_compute', { seconds: 1 });
  const { lastUpdatedAt } = await leaves(url, taskId);
  let gone: { code: number } | undefined;
  while (gone === undefined) gone = (await taskRequest(url, 'get', taskId)).body.error;
  expect(gone.code).toBe(-32602);
  expect(Date.now() - Date.parse(lastUpdatedAt)).toBeGreaterThanOrEqual(500);
});

test('a result that is too large for the store makes the task fail', async () => {
  const { url } = await listen('notes-draft', {
    ...{ mcp: 'guide', taskAfter: 50, storeLimits: { maxValue: 4096 } },
  });
  const { taskId } = await startTask(url, 'slow_compute', { seconds: 0.5, bytes: 5000 });
  const { status, error } = await leaves(url, taskId);
  expect(status).toBe('failed');
  expect(error?.message).toMatch(/^the result has 5\d\d\d bytes, the store takes 4096 \(--max-value\)$/);
});

test('the deadline of a guest counts for tasks, too', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', taskAfter: 50, streamIdle: 500 });
  const { taskId } = await startTask(url, 'slow_compute', { seconds: 600 });
  expect(await leaves(url, taskId)).toMatchObject({ status: 'failed', error: { code: -32603 } });
});

test('a server that stops waits for tasks, and ends those that take longer', async () => {
  const store = storeIn(temporaryFolder());
  const first = await listen('notes-draft', { mcp: 'guide', taskAfter: 50, store });
  const short = await startTask(first.url, 'slow_compute', { seconds: 1 });
  await first.server.close(20_000);
  const second = await listen('notes-draft', { mcp: 'guide', taskAfter: 50, store });
  expect(await getTask(second.url, short.taskId)).toMatchObject({ status: 'completed' });
  const long = await startTask(second.url, 'slow_compute', { seconds: 600 });
  await second.server.close(100);
  const third = await listen('notes-draft', { mcp: 'guide', store });
  expect(await getTask(third.url, long.taskId)).toMatchObject({
    status: 'failed',
    error: { message: 'the server was stopped before the task had ended' },
  });
});

test('a task outlives a reload of the component', async () => {
  const { url, server } = await listen('notes-draft', { mcp: 'guide', taskAfter: 50 });
  const { taskId } = await startTask(url, 'slow_compute', { seconds: 1.5 });
  await server.reload(await component('notes-draft2'));
  expect(await leaves(url, taskId)).toMatchObject({ status: 'completed' });
});

test('a task whose host was killed has failed', async () => {
  const store = storeIn(temporaryFolder());
  const options = ['--mcp', 'guide', '--store', store, '--task-after', '50ms'];
  const killed = await serve(fixture('notes-draft'), options);
  const { taskId } = await startTask(killed.url, 'slow_compute', { seconds: 600 });
  const other = await serve(fixture('notes-draft'), options);
  expect(await getTask(other.url, taskId)).toMatchObject({ status: 'working' });
  await killed.stop('SIGKILL');
  expect(await leaves(other.url, taskId)).toMatchObject({
    status: 'failed',
    error: { code: -32603, message: 'the host that ran the task has ended' },
  });
});

test('a task is known on every host of the store, and can be cancelled there', async () => {
  const store = storeIn(temporaryFolder());
  const options = { mcp: 'guide', taskAfter: 50, store } as const;
  const [one, other] = [await listen('notes-draft', options), await listen('notes-draft', options)];
  const quick = await startTask(one.url, 'slow_compute', { seconds: 1 });
  expect(await getTask(other.url, quick.taskId)).toMatchObject({ status: 'working' });
  expect(await leaves(other.url, quick.taskId)).toMatchObject({ status: 'completed' });

  const { taskId } = await startTask(one.url, 'slow_compute', { seconds: 600 });
  await taskRequest(other.url, 'cancel', taskId);
  expect(await getTask(other.url, taskId)).toMatchObject({ status: 'cancelled' });
  expect(await getTask(one.url, taskId)).toMatchObject({ status: 'cancelled' });
  // Its guest was stopped: nothing is waited for.
  const began = performance.now();
  await one.server.close(60_000);
  expect(performance.now() - began).toBeLessThan(30_000);
});
