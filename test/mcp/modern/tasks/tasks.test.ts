import { describe, expect, test } from 'vitest';
import { callModern, modern, modernText } from '../../../support/modern.ts';
import { listen, rawConnection, share } from '../../../support/serving.ts';
import { callForTask, getTask, leaves, startTask, TASKS, taskRequest } from '../../../support/tasks.ts';

const UNKNOWN = { code: -32602, message: expect.stringContaining('there is no such task') };
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('a call that takes long', () => {
  const served = share('notes-draft', { mcp: 'guide', taskAfter: 200 });

  test('becomes a task, which ends with the result of the call', async () => {
    const created = await startTask(served.url, 'slow_compute', { seconds: 1, label: 'primes' });
    expect(created).toEqual({
      ...{ resultType: 'task', status: 'working', ttlMs: 3_600_000, pollIntervalMs: 1000 },
      taskId: expect.stringMatching(/^[\w-]{22}$/),
      createdAt: expect.stringMatching(ISO),
      lastUpdatedAt: expect.stringMatching(ISO),
    });
    const { taskId } = created;
    expect(await getTask(served.url, taskId)).toMatchObject({ resultType: 'complete', status: 'working' });
    const ended = await leaves(served.url, taskId);
    expect(ended).toMatchObject({ taskId, status: 'completed', createdAt: created.createdAt });
    expect(ended.result).toMatchObject({
      resultType: 'complete',
      content: [{ type: 'text', text: 'computed primes for 1 s' }],
    });
    expect(ended.ttlMs).toBeGreaterThan(3_600_000);
    expect(await getTask(served.url, taskId)).toEqual(ended);
  });

  test('is none for a client that does not declare the extension', async () => {
    const { body } = await callModern(served.url, 'slow_compute', { seconds: 0.5 });
    expect(body.result).toMatchObject({ resultType: 'complete', content: [{ type: 'text' }] });
  });

  test('is completed by a result that reports an error of the tool, and fails by an error', async () => {
    const [failing, breaking] = await Promise.all([
      startTask(served.url, 'failing_job'),
      startTask(served.url, 'protocol_error_job'),
    ]);
    const completed = await leaves(served.url, failing.taskId);
    expect(completed).toMatchObject({ status: 'completed', result: { isError: true } });
    const failed = await leaves(served.url, breaking.taskId);
    expect(failed).toMatchObject({
      status: 'failed',
      error: { code: -32603, message: 'the job has broken off' },
      statusMessage: 'the job has broken off',
    });
    expect(failed).not.toHaveProperty('result');
  });

  test('continues when the client has left with its task', async () => {
    const connection = await rawConnection(served.url);
    const params = { name: 'slow_compute', arguments: { seconds: 1 } };
    const { body, headers } = modernText({ method: 'tools/call', params, meta: TASKS });
    const head = Object.entries({ ...headers, host: 'localhost', 'content-length': String(body.length) });
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    connection.send(`POST /mcp HTTP/1.1\r\n${lines}\r\n${body}`);
    const text = await connection.receive(/"taskId":"[\w-]{22}"/);
    connection.socket.destroy();
    const taskId = /"taskId":"([\w-]{22})"/.exec(text)![1]!;
    expect(await leaves(served.url, taskId)).toMatchObject({ status: 'completed' });
  });

  test('runs in its session, whose other calls wait for it', async () => {
    const { url } = served;
    const { body } = await callModern(url, 'create_session');
    const { session_id } = body.result.structuredContent;
    const { taskId } = await startTask(url, 'slow_compute', { seconds: 1, session_id });
    const next = await callModern(url, 'counter', { session_id });
    expect(next.body.result.content[0].text).toBe('1');
    expect(await getTask(url, taskId)).toMatchObject({ status: 'completed' });
  });

  test('is cancelled, and its guest stopped', async () => {
    const { url } = served;
    const { body } = await callModern(url, 'create_session');
    const { session_id } = body.result.structuredContent;
    const { taskId } = await startTask(url, 'slow_compute', { seconds: 600, session_id });
    const cancelled = await taskRequest(url, 'cancel', taskId);
    expect(cancelled.body.result).toEqual({ resultType: 'complete', _meta: expect.anything() });
    expect(await getTask(url, taskId)).toMatchObject({
      status: 'cancelled',
      statusMessage: 'the client has cancelled the task',
    });
    // The guest has left its session.
    expect((await callModern(url, 'counter', { session_id })).status).toBe(200);
    expect((await taskRequest(url, 'cancel', taskId)).body.result).toMatchObject({ resultType: 'complete' });
    expect(await getTask(url, taskId)).toMatchObject({ status: 'cancelled' });
  });

  test('a quick one is none', async () => {
    const { body } = await callForTask(served.url, 'greet', { name: 'World' });
    expect(body.result).toMatchObject({ resultType: 'complete', content: [{ text: 'Hello, World!' }] });
  });
});

describe('requests for tasks', () => {
  const served = share('notes-draft', { mcp: 'guide', taskAfter: 100 });

  test('the server offers the extension', async () => {
    const { body } = await modern(served.url, { method: 'server/discover' });
    expect(body.result.capabilities.extensions).toEqual({ 'io.modelcontextprotocol/tasks': {} });
    expect(body.result.capabilities).not.toHaveProperty('tasks');
  });

  test.each(['get', 'update', 'cancel'] as const)('tasks/%s', async (method) => {
    const { url } = served;
    const params = { inputResponses: {} };
    for (const id of ['none', 'A'.repeat(22), '../x', '']) {
      const { status, body } = await taskRequest(url, method, id, params);
      expect({ status, error: body.error }).toEqual({ status: 200, error: UNKNOWN });
    }
    const undeclared = await taskRequest(url, method, 'A'.repeat(22), params, { meta: {} });
    expect(undeclared.status).toBe(400);
    expect(undeclared.body.error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
    });
    const mismatch = await taskRequest(url, method, 'A'.repeat(22), params, {
      headers: { 'mcp-name': 'B'.repeat(22) },
    });
    expect(mismatch.body.error.code).toBe(-32020);
    const without = await taskRequest(url, method, 'A'.repeat(22), params, {
      headers: { 'mcp-name': undefined },
    });
    expect(without.body.error.code).toBe(-32020);
  });

  test('other methods of earlier tasks are unknown', async () => {
    for (const method of ['tasks/list', 'tasks/result']) {
      const { status, body } = await modern(served.url, { method, meta: TASKS, params: { taskId: 'x' } });
      expect([status, body.error.code]).toEqual([404, -32601]);
    }
  });

  test('responses that nobody waits for are ignored', async () => {
    const { taskId } = await startTask(served.url, 'slow_compute', { seconds: 0.5 });
    const { body } = await taskRequest(served.url, 'update', taskId, { inputResponses: { name: {} } });
    expect(body.result).toMatchObject({ resultType: 'complete' });
    const wrong = await taskRequest(served.url, 'update', taskId, { inputResponses: [] });
    expect(wrong.body.error.code).toBe(-32602);
    expect(await leaves(served.url, taskId)).toMatchObject({ status: 'completed' });
  });
});

test.each([{ mcp: 'strict' }, { mcp: 'guide', taskAfter: 'off' }] as const)(
  'there are no tasks with %o',
  async (options) => {
    const { url } = await listen('notes-draft', { ...options });
    const { body } = await modern(url, { method: 'server/discover' });
    expect(body.result.capabilities).not.toHaveProperty('extensions');
    const { status } = await taskRequest(url, 'get', 'A'.repeat(22));
    expect(status).toBe(404);
    expect((await callForTask(url, 'greet', { name: 'x' })).body.result.resultType).toBe('complete');
  },
);
