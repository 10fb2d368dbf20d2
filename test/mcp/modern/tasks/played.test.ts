import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Store, WasmcpError } from '../../../../host/index.ts';
import type { Handler } from '../../../../src/http/handler.ts';
import { withBothEras } from '../../../../src/mcp/both-eras.ts';
import { createTaskService } from '../../../../src/mcp/modern/tasks/service.ts';
import type { ModernRequest } from '../../../support/modern.ts';
import { TASKS } from '../../../support/tasks.ts';
import { type Asking, type Json, type PlayedGuest, reply, replyResult, type Seen } from '../../edge/guest.ts';
import { oldGuest, send } from '../edge-of.ts';

const CALL: ModernRequest = {
  ...{ method: 'tools/call', meta: { ...TASKS, progressToken: 'p' } },
  params: { name: 'slow', arguments: {} },
};
const EVENTS = ['content-type', 'text/event-stream'];

function event(message: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
}

function progress({ target }: Seen): void {
  const params = { progressToken: 'p', progress: 1 };
  target.chunk(event({ method: 'notifications/progress', params }), () => {});
}

interface Played {
  readonly handle: Handler;
  readonly guest: PlayedGuest;
  readonly store: Store;
  call(): Asking;
  /** The call that the guest serves. */
  served(): Promise<Seen>;
  task(method: string, id: string): Promise<Json>;
}

/** The edge, which makes a task of a call at once, in front of a guest that does with a call what `begin` says. */
async function play(begin: (request: Seen) => void = () => {}): Promise<Played> {
  const store = await openStore('memory:');
  const calls = Promise.withResolvers<Seen>();
  const guest = oldGuest((request) => {
    if (request.message.method !== 'tools/call') return replyResult(request, {});
    calls.resolve(request);
    begin(request);
  });
  const log = (): void => {};
  const tasks = createTaskService(1, {
    ...{ store, leases: undefined, kept: 60_000, inputWait: 60_000, maxResult: 10_000, log },
  });
  onTestFinished(async () => {
    await tasks.close(0);
    await store.close();
  });
  const handle = withBothEras(
    { authorizes: false, store, inputWait: 300_000, tasks },
    (next) => next,
  )(guest.handle);
  return {
    ...{ handle, guest, store },
    call: () => send(handle, CALL),
    served: () => calls.promise,
    async task(method, taskId) {
      const { json } = await send(handle, { method, params: { taskId }, meta: TASKS }).answer;
      return json;
    },
  };
}

/** The messages of a stream. */
function messages(text: string): Json[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
}

test('notifications come first, and the task is the last message of the stream', async () => {
  const played = await play((request) => {
    request.target.head(200, EVENTS);
    progress(request);
  });
  const { text, headers } = await played.call().answer;
  expect(headers).toContain('text/event-stream');
  const [first, second, ...others] = messages(text);
  expect(first).toMatchObject({ method: 'notifications/progress' });
  expect(second).toMatchObject({ id: 1, result: { resultType: 'task', status: 'working' } });
  expect(others).toEqual([]);

  const request = await played.served();
  progress(request);
  request.target.chunk(event({ id: 1, result: { content: [], n: 1 } }), () => {});
  request.target.end([]);
  const { result } = await played.task('tasks/get', second.result.taskId);
  expect(result).toMatchObject({ status: 'completed', result: { content: [], n: 1 } });
});

test.each([
  [
    'no message',
    (request: Seen) => reply(request, 502, 'down', ['content-type', 'text/plain']),
    /status 502/,
  ],
  ['no JSON', (request: Seen) => reply(request, 200, '{'), /ended without a message/],
  [
    'a failure',
    ({ target }: Seen) => target.fail(new WasmcpError('guest-trapped', 'it trapped')),
    /^it trapped$/,
  ],
  [
    'a question',
    ({ target }: Seen) => {
      target.head(200, EVENTS);
      target.chunk(event({ id: 7, method: 'elicitation/create', params: {} }), () => {});
    },
    /asked its client for "elicitation\/create"/,
  ],
] as const)('a guest that ends with %s makes its task fail', async (_, end, message) => {
  const played = await play();
  const { json } = await played.call().answer;
  end(await played.served());
  const { result } = await played.task('tasks/get', json.result.taskId);
  expect(result).toMatchObject({ status: 'failed', error: { message: expect.stringMatching(message) } });
});

test('numbers beyond the precision of JavaScript keep their digits', async () => {
  const played = await play();
  const { json } = await played.call().answer;
  const big = '12345678901234567890';
  reply(await played.served(), 200, `{"jsonrpc":"2.0","id":1,"result":{"content":[],"n":${big}}}`);
  const request = { method: 'tasks/get', params: { taskId: json.result.taskId }, meta: TASKS };
  expect((await send(played.handle, request).answer).text).toContain(`"n":${big}`);
});

test('a response that comes while the task is being created is the response', async () => {
  const played = await play();
  const { store } = played;
  const { set } = store;
  const written = Promise.withResolvers<void>();
  store.set = async (...entry) => {
    replyResult(await played.served(), { content: [] });
    await set.apply(store, entry);
    written.resolve();
  };
  const { json } = await played.call().answer;
  expect(json.result).toMatchObject({ resultType: 'complete' });
  await written.promise;
  await expect.poll(async () => (await store.list('wasmcp-node:tasks')).keys).toEqual([]);
});

test('a client that leaves before it has a task leaves none, and its guest is told', async () => {
  const played = await play();
  const { store } = played;
  const { set } = store;
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  store.set = async (...entry) => {
    asked.resolve();
    await left.promise;
    await set.apply(store, entry);
  };
  const call = played.call();
  await asked.promise;
  call.leave();
  left.resolve();
  expect((await played.served()).gone).toBe(true);
  await expect.poll(async () => (await store.list('wasmcp-node:tasks')).keys).toEqual([]);
});

test('a client may leave once it has a task', async () => {
  const played = await play();
  const call = played.call();
  const { json } = await call.answer;
  call.leave();
  const request = await played.served();
  expect(request.gone).toBe(false);
  replyResult(request, { content: [] });
  const { result } = await played.task('tasks/get', json.result.taskId);
  expect(result).toMatchObject({ status: 'completed' });
});

test('a guest whose task is cancelled is stopped, and what it returns all the same is dropped', async () => {
  const played = await play();
  const { json } = await played.call().answer;
  const { taskId } = json.result;
  const request = await played.served();
  expect((await played.task('tasks/cancel', taskId)).result).toMatchObject({ resultType: 'complete' });
  expect(request.gone).toBe(true);
  replyResult(request, { content: [] });
  expect((await played.task('tasks/get', taskId)).result).toMatchObject({ status: 'cancelled' });
  await expect.poll(async () => (await played.store.list('wasmcp-node:task-results')).keys).toEqual([]);
});

test('a task that another host has cancelled is stopped here', async () => {
  const played = await play();
  const { json } = await played.call().answer;
  const key = `-/${json.result.taskId}`;
  const { store } = played;
  const record = JSON.parse(Buffer.from((await store.get('wasmcp-node:tasks', key))!).toString());
  await store.set('wasmcp-node:tasks', key, Buffer.from(JSON.stringify({ ...record, status: 'cancelled' })));
  const request = await played.served();
  await expect.poll(() => request.gone, { timeout: 10_000 }).toBe(true);
});
