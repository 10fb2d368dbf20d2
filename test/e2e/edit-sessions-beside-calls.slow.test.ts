import { expect, onTestFinished, test } from 'vitest';
import { openAdmin } from '../../src/server/admin/admin.ts';
import { callTool, initialize } from '../support/mcp.ts';
import { listen } from '../support/serving.ts';
import { newStore, sessions } from '../support/sessions-command.ts';

/** Calls that run at the same time. */
const AT_ONCE = 8;

test('of 100 edits beside 1,000 calls of the same session nothing is lost', async () => {
  const url = newStore();
  const admin = await openAdmin({ port: 0, host: '127.0.0.1' });
  onTestFinished(admin.close);
  const { monitor, administration } = admin;
  const server = await listen('notes-draft', {
    mcp: 'guide',
    store: url,
    monitor,
    administration,
    timeout: 120_000,
  });
  const id = await initialize(server.url);
  let calls = 0;
  const client = async (): Promise<void> => {
    while (calls < 1000) {
      calls += 1;
      // Reads the counter, then writes it: an edit in between would be lost, or would lose the call.
      await callTool(server.url, id, 'counter');
    }
  };
  let edits = 0;
  const byApi = async (): Promise<void> => {
    for (let n = 0; n < 50; n++) {
      const path = `${admin.url}api/v1/sessions/${id}/values/edit%20${n}`;
      const body = JSON.stringify({ type: 'u64', value: n });
      const { status } = await fetch(path, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(status).toBe(204);
      edits += 1;
    }
  };
  const byCommand = async (): Promise<void> => {
    for (let n = 50; n < 100; n++) {
      const { status, stderr } = await sessions(url, ['set', id, `edit ${n}`, String(n), '--type', 'u64']);
      expect([status, stderr]).toEqual([0, `Stored in session ${id}\n`]);
      edits += 1;
    }
  };
  await Promise.all([...Array.from({ length: AT_ONCE }, client), byApi(), byCommand()]);
  expect(edits).toBe(100);
  const { data } = JSON.parse((await sessions(url, ['show', id])).stdout);
  expect(data.counter).toEqual({ type: 'u64', value: '1000' });
  for (let n = 0; n < 100; n++) expect(data[`edit ${n}`]).toEqual({ type: 'u64', value: String(n) });
}, 240_000);

test('an edit of what a guest counts happens between two calls: each counts on from the value that it finds', async () => {
  const url = newStore();
  const server = await listen('notes-draft', { mcp: 'guide', store: url, timeout: 120_000 });
  const id = await initialize(server.url);
  const seen: number[] = [];
  let isDone = false;
  const client = async (): Promise<void> => {
    while (!isDone) seen.push(Number(await callTool(server.url, id, 'counter')));
  };
  const edit = async (): Promise<void> => {
    for (let n = 1; n <= 10; n++) {
      expect(
        (await sessions(url, ['set', id, 'counter', String(n * 1_000_000), '--type', 'u64'])).status,
      ).toBe(0);
      // A call that had read before the edit would have written over it by now.
      const count = Number(await callTool(server.url, id, 'counter'));
      expect(Math.floor(count / 1_000_000)).toBe(n);
    }
    isDone = true;
  };
  await callTool(server.url, id, 'counter');
  await Promise.all([client(), client(), edit()]);
  expect(seen.length).toBeGreaterThan(0);
}, 120_000);
