import { describe, expect, test } from 'vitest';
import { ask, type Json } from '../edge/guest.ts';
import { BOTH } from '../edge/session-guest.ts';
import { INITIALIZE, newGuest } from '../legacy-clients/new-guest.ts';
import { edge, oldGuest, send } from '../modern/edge-of.ts';
import { earlierText, LONG_TEXT, MIB, many, respond, TABLE } from './long.ts';

describe('a long result', () => {
  const result = { structuredContent: TABLE, content: [{ type: 'text', text: LONG_TEXT }] };
  /** Written in several lines, with a number that JavaScript does not keep. */
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, result }, null, 1).replace('"i": 1,', '"i": 1e0,');

  test('of a guest of an earlier revision is complete, and as it was written', async () => {
    const guest = oldGuest(({ target }) => {
      target.head(200, ['content-type', 'application/json']);
      target.chunk(Buffer.from(text), () => {});
      target.end([]);
      target.finished();
    });
    const { json, text: got } = await send(edge(guest), LIST_TOOL).answer;
    expect(json.result).toEqual({ resultType: 'complete', ...result, _meta: expect.anything() });
    expect(got).toContain('"i": 1e0,');
  });

  test('reaches a client of an earlier revision in one line of a stream', async () => {
    const guest = newGuest(({ target, message }) => {
      const notification = {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'info', data: TABLE },
      };
      target.head(200, ['content-type', 'text/event-stream']);
      const lines = [JSON.stringify(notification), text.replace('"id": 1', `"id": ${message.id}`)];
      for (const one of lines)
        target.chunk(Buffer.from(`data: ${one.replaceAll('\n', '\ndata: ')}\n\n`), () => {});
      target.end([]);
      target.finished();
    });
    const handler = edge(guest);
    const { session } = await ask(handler, INITIALIZE, BOTH).answer;
    const { text: got } = await ask(handler, earlierText('{}'), { ...BOTH, 'mcp-session-id': session! })
      .answer;
    const messages: Json[] = [...got.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
    expect(messages[0].params.data).toEqual(TABLE);
    expect(messages[1].result).toEqual(result);
    expect(got).toContain('"i": 1e0,');
  });

  test('of which too much would have to be parsed is an error', async () => {
    const medium = `[${many(() => '0', 20_000)}]`;
    const guest = oldGuest(({ target }) => respond(target, `{${many((i) => `"m${i}":${medium}`, 2 * MIB)}}`));
    const { failure } = await send(edge(guest), LIST_TOOL).answer;
    expect(failure).toBe('guest-error-response');
  });
});

const LIST_TOOL = { method: 'tools/call', params: { name: 'take' } };
