import { describe, expect, test } from 'vitest';
import type { Upload, UploadReceiver } from '../../../src/http/handler.ts';
import { callTool, initialize } from '../../support/mcp.ts';
import { create, share } from '../../support/serving.ts';
import { ask, edgeOf, playGuest, replyResult } from '../edge/guest.ts';
import { BOTH, sessionGuest } from '../edge/session-guest.ts';
import { INITIALIZE, newGuest } from '../legacy-clients/new-guest.ts';
import { edge } from '../modern/edge-of.ts';
import { connect } from '../stdio/client.ts';
import { AMBIGUOUS, earlier, HEAD, META, MODERN, refusal } from './ambiguous.ts';

function members(count: number): string {
  return Array.from({ length: count }, (_, n) => `"m${n}":0`).join(',');
}

/** A body that arrives byte by byte, as a client can make it. */
function byteByByte(text: string): Upload {
  const bytes = Buffer.from(text);
  return {
    start(to: UploadReceiver) {
      for (let i = 0; i < bytes.length; i++) to.data(bytes.subarray(i, i + 1));
      to.end([]);
    },
    resume() {},
    stop() {},
  };
}

describe.each(['guide', 'strict'] as const)('in %s mode, a server refuses what occurs twice:', (mode) => {
  const served = share('notes-draft', { mcp: mode });
  const post = async (body: string, headers: Record<string, string>) => {
    const response = await fetch(`${served.url}/mcp`, { method: 'POST', headers, body });
    return { status: response.status, json: JSON.parse(await response.text()) };
  };

  test.each(AMBIGUOUS)('%s', async (_, text, reason, id) => {
    const session = await initialize(served.url);
    expect(await post(text, MODERN)).toEqual({ status: 400, json: refusal(reason, id) });
    const expected = { status: 400, json: refusal(earlier(reason), id) };
    const headers = { ...BOTH, 'content-type': 'application/json' };
    expect(await post(earlier(text), { ...headers, 'mcp-session-id': session })).toEqual(expected);
    expect(await post(earlier(text), headers)).toEqual(expected);
    expect(await callTool(served.url, session, 'counter')).toBe('1');
  });
});

describe('no guest gets what occurs twice:', () => {
  test.each(AMBIGUOUS)('%s', async (_, text, reason, id) => {
    const guest = sessionGuest();
    const sessions = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    for (const body of [earlier(text), byteByByte(earlier(text))]) {
      const { answer } = ask(sessions, body, { ...BOTH, 'mcp-session-id': 's' });
      expect(await answer).toMatchObject({ status: 400, json: refusal(earlier(reason), id) });
    }
    expect(guest.seen).toEqual([]);
    const modern = newGuest();
    for (const body of [text, byteByByte(text)]) {
      const { answer } = ask(edge(modern), body, MODERN);
      expect(await answer).toMatchObject({ status: 400, json: refusal(reason, id) });
    }
    expect(modern.asked()).not.toContain('tools/call');
    const handler = edge(modern);
    expect(await ask(handler, INITIALIZE, BOTH).answer).toMatchObject({ status: 200 });
    const { answer } = ask(handler, earlier(text), BOTH);
    expect(await answer).toMatchObject({ status: 400, json: refusal(earlier(reason), id) });
    expect(modern.asked()).not.toContain('tools/call');
  });

  test('an upload that is too long to be buffered, as far as it is read', async () => {
    const guest = sessionGuest();
    const sessions = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    const text = `{"jsonrpc":"2.0","id":1,"method":"ping","method":"x","params":{"a":"${'x'.repeat(70_000)}"}}`;
    const { answer } = ask(sessions, byteByByte(text), { ...BOTH, 'mcp-session-id': 's' });
    expect(await answer).toMatchObject({
      status: 400,
      json: refusal('"method" occurs twice in the message', 1),
    });
    expect(guest.seen).toEqual([]);
  });

  test.each([
    ['params', `"params":{${members(1001)}}`],
    ['params._meta', `"params":{"_meta":{${members(1001)}}}`],
    ['the message', members(1001)],
  ])('nor more than a thousand members in %s', async (place, text) => {
    const guest = newGuest();
    const message = `{"jsonrpc":"2.0","id":1,"method":"ping",${text}}`;
    const expected = { status: 400, json: refusal(`${place} has more than 1000 members`, 1) };
    expect(await ask(edge(guest), message, MODERN).answer).toMatchObject(expected);
    const sessions = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    expect(await ask(sessions, message, BOTH).answer).toMatchObject(expected);
    expect(guest.seen).toEqual([]);
  });

  test('after a byte-order mark, which some parsers skip', async () => {
    const guest = newGuest();
    const text = `\ufeff{"id":2,${HEAD},"params":{"name":"counter",${META}}}`;
    const answer = await ask(edge(guest), text, MODERN).answer;
    expect(answer).toMatchObject({ status: 400, json: refusal('"id" occurs twice in the message', null) });
  });
});

describe('what only the guest reads is left to it:', () => {
  test.each([
    ['a thousand members', `{${HEAD},"params":{${members(998)},"name":"counter",${META}}}`],
    ['more arguments', `{${HEAD},"params":{"name":"counter","arguments":{${members(2000)}},${META}}}`],
    ['an argument', `{${HEAD},"params":{"name":"counter","arguments":{"a":1,"a":2},${META}}}`],
    ['a name in arguments', `{${HEAD},"params":{"name":"counter","arguments":{"name":1,"name":2},${META}}}`],
    [
      'what looks like an envelope',
      `{${HEAD},"params":{"name":"counter","arguments":{"params":{"id":1,"id":2}},${META}}}`,
    ],
    [
      'a member of a value in _meta',
      `{${HEAD},"params":{"name":"counter","_meta":{"x":{"a":1,"a":2},${META.slice(9)}}}`,
    ],
    ['names that end alike', `{${HEAD},"params":{"name":"counter","aXbcd":1,"aYbcd":2,${META}}}`],
    ['another name in capitals', `{${HEAD},"params":{"name":"counter","Custom":1,${META}}}`],
  ])('%s', async (_, text) => {
    const guest = sessionGuest();
    const sessions = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    expect(await ask(sessions, earlier(text), BOTH).answer).toMatchObject({ status: 200 });
    expect(guest.seen.at(-1)?.text).toBe(earlier(text));
    const modern = playGuest((request) =>
      replyResult(request, { supportedVersions: ['2026-07-28'], capabilities: {} }),
    );
    expect(await ask(edge(modern), text, MODERN).answer).toMatchObject({ status: 200 });
    expect(modern.seen.at(-1)?.text).toBe(text);
  });

  test.each([
    ['a batch', `[{"id":1,"id":2,${HEAD}}]`],
    ['an object that is no message', '{"id":1,"id":2,"ID":3}'],
    ['no JSON', '"id":1,"id":2,"method":"x"'],
  ])('%s', async (_, text) => {
    const guest = playGuest((request) => replyResult({ ...request, message: {} }, {}));
    const sessions = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    await ask(sessions, text, BOTH).answer;
    expect(guest.seen.map((seen) => seen.text)).toEqual([text]);
  });
});

test('over stdio, the error has the id of the request, and no guest is asked', async () => {
  const { server } = await create('notes-draft', { mcp: 'guide' });
  const paths: string[] = [];
  const client = connect((request) => {
    paths.push(request.url);
    return server.fetch(request);
  });
  for (const [, text, reason, id] of AMBIGUOUS) {
    client.send(text.replaceAll('\n', ' '));
    const { error } = refusal(reason, id) as { error: { message: string } };
    const expected = { ...error, message: `Invalid request: ${error.message}` };
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id, error: expected });
  }
  expect(await client.end()).toEqual([]);
  expect(paths).toEqual([]);
});
