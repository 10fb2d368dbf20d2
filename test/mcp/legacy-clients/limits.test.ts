import { expect, test } from 'vitest';
import { createSettingsMemory } from '../../../src/mcp/legacy-clients/settings.ts';
import { ask, playGuest, reply, replyResult } from '../edge/guest.ts';
import { edge } from '../modern/edge-of.ts';
import { DISCOVERED, INITIALIZE } from './new-guest.ts';

test('the settings of 10,000 sessions are remembered', () => {
  const memory = createSettingsMemory();
  for (let i = 0; i < 10_000; i++) memory.of(`${i}`).level = 'error';
  memory.of('0');
  memory.of('one more');
  expect([memory.find('0')?.level, memory.find('1')]).toEqual(['error', undefined]);
});

test('32 clients have a stream of notifications at once, and leave places for calls', async () => {
  const capabilities = { tools: { listChanged: true } };
  const guest = playGuest((request) => {
    const { method } = request.message;
    if (method === 'server/discover') replyResult(request, { ...DISCOVERED, capabilities });
    else if (method === 'subscriptions/listen')
      request.target.head(200, ['content-type', 'text/event-stream']);
    else reply(request, 400, '');
  });
  const handler = edge(guest);
  const { session } = await ask(handler, INITIALIZE).answer;
  const headers = { accept: 'text/event-stream', 'mcp-session-id': session! };
  const open = Array.from({ length: 32 }, () => ask(handler, undefined, headers, 'GET'));
  expect((await ask(handler, undefined, headers, 'GET').answer).status).toBe(503);
  open[0]!.leave();
  guest.seen.find(({ message }) => message.method === 'subscriptions/listen')!.target.finished();
  ask(handler, undefined, headers, 'GET');
  expect(guest.asked().filter((what) => what === 'subscriptions/listen')).toHaveLength(33);
});
