import { describe, expect, test } from 'vitest';
import { callModern, modern, modernText } from '../support/modern.ts';
import { share } from '../support/serving.ts';
import { reply } from './edge/guest.ts';
import { edge, LIST, oldGuest, send } from './modern/edge-of.ts';

/** More than a stack holds of a function that calls itself. */
const DEEP = 20_000;
/** A number that JavaScript does not keep makes the parser call a function for each value. */
const LONG_NUMBER = '12345678901234567890';

function nested(open: string, close: string, inner: string, depth = DEEP): string {
  return open.repeat(depth) + inner + close.repeat(depth);
}

const OBJECT = nested('{"a":', '}', LONG_NUMBER);

describe.each(['notes-draft', 'modern'])('in front of %s', (fixture) => {
  const served = share(fixture, { mcp: 'guide' });

  async function post(headers: Readonly<Record<string, string>>, body: string): Promise<[number, unknown]> {
    const response = await fetch(`${served.url}/mcp`, { method: 'POST', headers, body });
    const text = await response.text();
    return [response.status, text === '' ? undefined : JSON.parse(text).error.code];
  }

  test.each([
    ['in an argument', { arguments: { session_id: 'abcdefgh', x: 0 } }],
    ['in a call that is continued', { arguments: { x: 0 }, requestState: 'a', inputResponses: { a: {} } }],
    ['in a response', { arguments: {}, inputResponses: { a: { x: 0 } } }],
  ])('what a client nests deeply %s is refused', async (_, params) => {
    const name = 'test_simple_text';
    const { headers, body } = modernText({ method: 'tools/call', params: { name, ...params } });
    const text = body.replace('"x":0', `"x":${OBJECT}`).replace(/}$/, () => `,"y":${OBJECT}}`);
    expect(await post(headers, text)).toEqual([400, -32700]);
    expect((await modern(served.url, LIST)).status).toBe(200);
  });

  test('what a client of an earlier revision nests deeply is refused, by whomever', async () => {
    const { 'content-type': type, accept } = modernText(LIST).headers as Record<string, string>;
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":${OBJECT}}}`;
    expect(await post({ 'content-type': type!, accept: accept! }, call)).toEqual([400, -32700]);
    expect((await modern(served.url, LIST)).status).toBe(200);
  });

  test('what is only long, or moderately nested, is not', async () => {
    const text = `${'[{'.repeat(2000)}\\"${'\\'.repeat(2001)}`;
    const list = Array.from({ length: 2000 }, () => [[{}]]);
    const x = JSON.parse(nested('[', ']', '1', 100));
    const { body } = await callModern(served.url, 'no_such_tool', { text, list, x });
    expect(body.error.code).toBe(-32602);
  });
});

test.each([
  ['a tool whose schema', { tools: [{ name: 't', inputSchema: 0 }] }],
  ['no tool, and what', { tools: [], x: 0 }],
])('a guest that lists %s is nested deeply has not responded', async (_, result) => {
  const schema = nested('{"type":"object","allOf":[', ']}', 'true');
  const guest = oldGuest((request) => {
    const { id } = request.message;
    const text = JSON.stringify({ jsonrpc: '2.0', id, result });
    reply(
      request,
      200,
      text.replace(':0', () => `:${schema}`),
    );
  });
  const { failure } = await send(edge(guest, false, true), LIST).answer;
  expect(failure).toBe('guest-no-response');
});
