import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../host/index.ts';
import { administer } from '../../support/administered.ts';
import { temporaryFolder } from '../../support/command.ts';
import { callTool, initialize } from '../../support/mcp.ts';

test('events report a request, the session that it used, one that was edited, and figures', async () => {
  const { url, call, admin } = await administer();
  const id = await initialize(url);
  const { body } = await fetch(`${admin.url}api/v1/events`);
  const events = eventsOf(body!);
  expect(await events.next('sample')).toMatchObject({ phase: 'ready', rss: expect.any(Number) });
  await callTool(url, id, 'counter');
  expect(await events.next('request')).toMatchObject({
    method: 'POST',
    path: '/mcp',
    status: 200,
    mcp: { method: 'tools/call', target: 'counter' },
    session: id.slice(0, 8),
    times: { total: expect.any(Number) },
  });
  expect(await events.next('session')).toMatchObject({ id, session: { id, state: 'live', keys: 2 } });
  await call(`sessions/${id}`, { method: 'DELETE' });
  expect(await events.next('session')).toMatchObject({ id, session: { state: 'ended' } });
  await events.close();
});

test('events report a session that another program wrote, once', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { url, admin } = await administer({ store });
  const id = await initialize(url);
  const { body } = await fetch(`${admin.url}api/v1/events`);
  const events = eventsOf(body!);
  // The second figures come when the search knows what was there before.
  for (let n = 0; n < 3; n++) await events.next('sample');
  const other = await openStore(store, { durability: 'process' });
  onTestFinished(async () => other.close());
  await other.set('default', `${id}:note`, Buffer.from('\x01hi'));
  expect(await events.next('session')).toMatchObject({ id, session: { keys: 2 } });
  await other.set('default', `${id}:second`, Buffer.from('\x01hi'));
  expect(await events.next('session')).toMatchObject({ id, session: { keys: 3 } });
  await events.close();
});

/** Server-sent events in the order of their arrival. */
function eventsOf(body: ReadableStream<Uint8Array>): {
  next(kind: string): Promise<unknown>;
  close(): Promise<void>;
} {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    async next(kind) {
      for (;;) {
        const event = new RegExp(`^event: ${kind}\ndata: (.*)\n\n`, 'm').exec(text);
        if (event !== null) {
          text = text.slice(event.index + event[0].length);
          return JSON.parse(event[1]!);
        }
        const { value, done } = await reader.read();
        if (done) throw new Error(`the events ended after ${text}`);
        text += decoder.decode(value, { stream: true });
      }
    },
    close: () => reader.cancel(),
  };
}
