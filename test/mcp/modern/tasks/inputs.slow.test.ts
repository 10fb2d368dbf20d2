import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../support/command.ts';
import { CAPABILITIES, callModern, type ModernRequest, modern } from '../../../support/modern.ts';
import { listen, share } from '../../../support/serving.ts';
import { leaves, type Task, taskRequest } from '../../../support/tasks.ts';

const META: NonNullable<ModernRequest['meta']> = {
  [CAPABILITIES]: { elicitation: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
const YES = { action: 'accept', content: { confirm: true } };

async function start(url: string, name: string, args: object = {}): Promise<string> {
  const { body } = await callModern(url, name, args, { meta: META });
  expect(body.result).toMatchObject({ resultType: 'task', status: 'working' });
  return body.result.taskId;
}

/** Waits until the task asks for as much input. */
async function asks(url: string, id: string, count: number): Promise<Record<string, unknown>> {
  for (;;) {
    const task = await leaves(url, id);
    expect(task.status).toBe('input_required');
    const { inputRequests } = task as Task & { inputRequests: Record<string, unknown> };
    if (Object.keys(inputRequests).length >= count) return inputRequests;
  }
}

async function respond(url: string, id: string, inputResponses: object): Promise<void> {
  const { body } = await taskRequest(url, 'update', id, { inputResponses });
  expect(body.result).toMatchObject({ resultType: 'complete' });
  for (const name of ['taskId', 'status', 'inputRequests']) expect(body.result).not.toHaveProperty(name);
}

describe('a task whose guest asks its client', () => {
  const served = share('notes-draft', { mcp: 'guide', taskAfter: 200 });

  test('requires input, and continues with it', async () => {
    const { url } = served;
    const id = await start(url, 'confirm_delete', { filename: 'a.txt' });
    const [[name, request] = [], ...others] = Object.entries(await asks(url, id, 1));
    expect(others).toEqual([]);
    expect(request).toMatchObject({ method: 'elicitation/create', params: { message: 'Delete a.txt?' } });
    await respond(url, id, { [name!]: YES });
    const { result } = await leaves(url, id, 'input_required').then(() => leaves(url, id));
    expect(result?.content[0]?.text).toBe('a.txt is deleted');
  });

  test('takes responses one by one, and ignores those that it does not wait for', async () => {
    const { url } = served;
    const id = await start(url, 'multi_input');
    const [first, second] = Object.keys(await asks(url, id, 2));
    const name = { action: 'accept', content: { name: 'Ada' } };
    await respond(url, id, { [first!]: name, unknown: YES });
    expect(Object.keys(await asks(url, id, 1))).toEqual([second]);
    await respond(url, id, { [first!]: { action: 'decline' } });
    expect(Object.keys(await asks(url, id, 1))).toEqual([second]);
    await respond(url, id, { [second!]: YES });
    const { result } = await leaves(url, id, 'input_required').then(() => leaves(url, id));
    expect(result?.content[0]?.text).toBe('{"name":"Ada"} and {"confirm":true}');
  });

  test('is cancelled while it waits', async () => {
    const { url } = served;
    const id = await start(url, 'confirm_delete', { filename: 'b.txt' });
    await asks(url, id, 1);
    await taskRequest(url, 'cancel', id);
    expect(await leaves(url, id)).toMatchObject({ status: 'cancelled' });
    expect(await leaves(url, id)).not.toHaveProperty('inputRequests');
  });

  test('is none before the guest has its first answer', async () => {
    const { url } = served;
    const params = { name: 'test_tool_with_task', arguments: {} };
    const first = await modern(url, { method: 'tools/call', params, meta: META });
    const { resultType, inputRequests, requestState } = first.body.result;
    expect(resultType).toBe('input_required');
    expect(first.body.result).not.toHaveProperty('taskId');
    const [name] = Object.keys(inputRequests);
    const inputResponses = { [name!]: { action: 'accept', content: { name: 'Alice' } } };
    const second = await modern(url, {
      ...{ method: 'tools/call', meta: META },
      params: { ...params, inputResponses, requestState },
    });
    expect(second.body.result).toMatchObject({ resultType: 'task' });
    expect(second.body.result).not.toHaveProperty('requestState');
    const { result } = await leaves(url, second.body.result.taskId);
    expect(result?.content[0]?.text).toBe('Hello, Alice!');
  });
});

test('a task gets its input on any host of the store', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const options = { mcp: 'guide', taskAfter: 50, store } as const;
  const [one, other] = [await listen('notes-draft', options), await listen('notes-draft', options)];
  const id = await start(one.url, 'confirm_delete', { filename: 'c.txt' });
  const [name] = Object.keys(await asks(other.url, id, 1));
  await respond(other.url, id, { [name!]: YES });
  const { result } = await leaves(other.url, id, 'input_required').then(() => leaves(other.url, id));
  expect(result?.content[0]?.text).toBe('c.txt is deleted');
});

test('a task fails whose client does not respond in time', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', taskAfter: 50, inputWait: 500 });
  const id = await start(url, 'confirm_delete', { filename: 'd.txt' });
  await leaves(url, id);
  const { error } = await leaves(url, id, 'input_required');
  expect(error?.message).toBe('the client did not respond within 500 ms (--input-wait)');
});
