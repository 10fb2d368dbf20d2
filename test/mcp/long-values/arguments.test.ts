import { describe, expect, test } from 'vitest';
import { CAPABILITIES, VERSION } from '../../support/modern.ts';
import { ask, playGuest, reply, replyResult } from '../edge/guest.ts';
import { BOTH } from '../edge/session-guest.ts';
import { INITIALIZE, newGuest } from '../legacy-clients/new-guest.ts';
import { edge, LIST, oldGuest, SESSIONLESS, send } from '../modern/edge-of.ts';
import { ACCEPTED } from '../modern/mrtr/asking.ts';
import { asked, DONE, question } from '../modern/mrtr/played.ts';
import {
  CHUNK,
  callText,
  ESCAPES,
  earlierText,
  HEADERS,
  LONG_TEXT,
  MIB,
  many,
  TABLE,
  upload,
} from './long.ts';

describe('long arguments', () => {
  test('reach a guest byte by byte', async () => {
    const guest = oldGuest((request) => replyResult(request, { content: [] }));
    const text = callText(JSON.stringify(TABLE, null, 1)).replace('"i": 1,', '"i": 12345678901234567890,');
    const { answer } = await upload(edge(guest), text, HEADERS);
    expect(answer.status).toBe(200);
    expect(guest.seen.at(-1)!.text === text).toBe(true);
  });

  test('of a client of an earlier revision reach a guest of 2026-07-28 as they are', async () => {
    const guest = newGuest((request) => replyResult(request, { resultType: 'complete', content: [] }));
    const handler = edge(guest);
    const { session } = await ask(handler, INITIALIZE, BOTH).answer;
    const args = JSON.stringify({ text: LONG_TEXT, number: 0 }).replace(':0', ':12345678901234567890');
    const { answer } = await upload(handler, earlierText(args), { ...BOTH, 'mcp-session-id': session! });
    expect(answer.json.result).toEqual({ content: [] });
    const { text, message } = guest.seen.at(-1)!;
    expect(text).toContain(`"arguments":${args}`);
    expect(message.params._meta[VERSION]).toBe('2026-07-28');
    expect(message.params._meta[CAPABILITIES]).toEqual({});
  });

  test('may name a session, which the guest does not see', async () => {
    const guest = oldGuest((request) =>
      replyResult(request, request.message.method === 'tools/list' ? { tools: [] } : {}),
    );
    const handler = edge(guest, false, true);
    await send(handler, LIST).answer;
    const args = { text: LONG_TEXT, inner: { session_id: 'x' }, last: [1] };
    const { text: first, ...others } = args;
    const text = JSON.stringify({ text: first, session_id: 's1', ...others });
    for (const given of [text, text.replace('"session_id":"s1"', '"session\\u005fid" : "s1"')]) {
      await upload(handler, callText(given), HEADERS);
      const { session, message, headers, text: sent } = guest.seen.at(-1)!;
      expect(session).toBe('s1');
      expect(message.params.arguments).toEqual(args);
      expect(headers.get('content-length')).toBe(String(Buffer.byteLength(sent)));
    }
  });

  test('that are no JSON are left to the guest, unless their brackets do not match', async () => {
    const guest = playGuest((request) => {
      if (request.message?.method === 'initialize') replyResult(request, SESSIONLESS);
      else reply(request, 400, '{}');
    });
    const handler = edge(guest);
    const text = callText(`{"a":"${'x'.repeat(CHUNK)}","b":01}`);
    await upload(handler, text, HEADERS);
    expect(guest.seen.at(-1)!.text === text).toBe(true);
    for (const wrong of [text.replace('01}', '[}'), text.replace('01}', '{]'), text.slice(0, -3)]) {
      const { answer } = await upload(handler, wrong, HEADERS);
      expect([answer.status, answer.json.error.code]).toEqual([400, -32700]);
    }
  });

  test('must be UTF-8', async () => {
    const guest = oldGuest();
    const bytes = Buffer.from(callText(`["${'x'.repeat(CHUNK)}"]`));
    bytes[bytes.lastIndexOf('x')] = 0xff;
    const { answer } = ask(edge(guest), bytes, HEADERS);
    expect(await answer).toMatchObject({ status: 400, json: { error: { code: -32700 } } });
    expect(guest.asked()).not.toContain('tools/call');
  });

  test('count as they are written when a call is continued', async () => {
    const { call, stream, responses } = await asked();
    const args = { arguments: { text: LONG_TEXT } };
    const first = call(args);
    const { say, end } = await stream;
    say(question('a'));
    const { requestState } = (await first).json.result;
    const retry = { inputResponses: { a: ACCEPTED }, requestState };
    const other = { ...retry, arguments: { text: `${LONG_TEXT}.` } };
    expect((await call(other)).json.error.data).toEqual({ reason: 'other-request' });
    const second = call({ ...args, ...retry });
    await expect.poll(responses).toHaveLength(1);
    say({ jsonrpc: '2.0', id: 1, result: DONE });
    end();
    expect((await second).json.result).toMatchObject(DONE);
  });

  test('named like something else are arguments', async () => {
    const guest = oldGuest((request) => replyResult(request, {}));
    const { answer } = await upload(edge(guest), callText(JSON.stringify(TABLE), '__proto__'), HEADERS);
    expect(answer.status).toBe(200);
  });
});

describe('long arguments that headers mirror', () => {
  const properties = { region: { type: 'string', 'x-mcp-header': 'Region' } };
  const inputSchema = { type: 'object', properties: { in: { type: 'object', properties } } };
  const call = async (args: string, header?: string) => {
    const guest = oldGuest((request) => {
      const isList = request.message.method === 'tools/list';
      replyResult(request, isList ? { tools: [{ name: 'take', inputSchema }] } : { content: [] });
    });
    const handler = edge(guest);
    await send(handler, LIST).answer;
    const headers = { ...HEADERS, ...(header && { 'mcp-param-region': header }) };
    const { status, json } = (await upload(handler, callText(args), headers)).answer;
    return status === 200 ? status : json.error.message;
  };
  const pad = `"pad":"${'x'.repeat(CHUNK)}"`;

  test('must agree with them', async () => {
    expect(await call(`{${pad},"in":{"region":"eu"},"z":[{}]}`, 'eu')).toBe(200);
    expect(await call(`{${pad},"in":{"region":"eu"}}`, 'us')).toMatch(/Mcp-Param-Region is "us"/);
    expect(await call(`{${pad},"in":{"region":"eu"}}`)).toMatch(/Mcp-Param-Region is missing/);
    expect(await call(`{${pad},"in":[]}`, 'eu')).toMatch(/the body has nothing/);
    expect(await call(`{"in":{"x":0},${pad}}`)).toBe(200);
  });

  test('must not occur twice', async () => {
    expect(await call(`{"in":{"region":"us"},${pad},"in":{"region":"eu"}}`, 'eu')).toMatch(
      /"in" occurs twice/,
    );
    expect(await call(`{${pad},"in":{"region":"us","\\u0052egion":"eu"}}`, 'us')).toMatch(/case only/);
  });

  test('are refused if they hide among many names', async () => {
    expect(await call(ESCAPES, 'eu')).toBe('params.arguments: more than 10000 unusual names');
    const twice = `{${many(() => '"in":0', MIB)}}`;
    expect(await call(twice, 'eu')).toBe('params.arguments: more than 1000 members with one name');
  });
});
