import { describe, expect, test } from 'vitest';
import { listen, share } from '../../../support/serving.ts';
import { as, OAUTH } from '../../../support/tokens.ts';
import { type Attempt, again, attempt } from './asking.ts';

const TOOL = 'test_elicitation';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const ARGS = { message: 'Who are you?' };

/** The error that a retry gets. */
async function refusal(url: string, retry: Attempt, name: string = TOOL): Promise<unknown> {
  const { status, body } = await attempt(url, name, retry);
  return [status, body.error?.code, body.error?.data?.reason];
}

const refused = (reason: string): unknown => [400, -32602, reason];

/** A call whose guest waits, and the retry that continues it. */
async function begin(url: string, first: Attempt = { args: ARGS }): Promise<Attempt> {
  return again(await attempt(url, TOOL, first), first);
}

async function continues(url: string, retry: Attempt): Promise<boolean> {
  const { status, body } = await attempt(url, TOOL, retry);
  return status === 200 && body.result.content[0].text.startsWith('User response: ');
}

describe('requestState', () => {
  const served = share('notes-draft', { mcp: 'guide' });

  test('lets the client continue its call, once', async () => {
    const retry = await begin(served.url);
    expect(await continues(served.url, retry)).toBe(true);
    expect(await refusal(served.url, retry)).toEqual(refused('used'));
    expect(await refusal(served.url, retry)).toEqual(refused('used'));
  });

  test('has one use, however many retries arrive at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const retry = await begin(served.url);
      const attempts = Array.from({ length: 10 }, () => attempt(served.url, TOOL, retry));
      const answers = await Promise.all(attempts);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const reasons = answers
        .filter(({ status }) => status !== 200)
        .map(({ body }) => body.error.data.reason);
      expect(reasons).toEqual(Array(9).fill('used'));
    }
  });

  test('is refused if it was changed in any place, and still good as it was', async () => {
    const retry = await begin(served.url);
    const state = retry.requestState as string;
    for (let at = 0; at < state.length; at++) {
      const other = state[at] === 'A' ? 'B' : 'A';
      const requestState = state.slice(0, at) + other + state.slice(at + 1);
      expect(await refusal(served.url, { ...retry, requestState })).toEqual(refused('invalid'));
    }
    // The last character has bits that mean nothing.
    for (const last of ALPHABET) {
      const requestState = state.slice(0, -1) + last;
      if (requestState === state) continue;
      expect(await refusal(served.url, { ...retry, requestState })).toEqual(refused('invalid'));
    }
    expect(await continues(served.url, retry)).toBe(true);
  });

  test.each([
    ['a text', 'state'],
    ['nothing', ''],
    ['null', null],
    ['an object', {}],
    ['a number', 1],
    ['a long text', 'A'.repeat(100_000)],
    ['base64 of another alphabet', 'AQ+/'],
    ['one without content', Buffer.concat([Buffer.of(1), Buffer.alloc(32)]).toString('base64url')],
    [
      'one of a key that never was',
      Buffer.concat([Buffer.of(1), Buffer.alloc(200, 7)]).toString('base64url'),
    ],
  ])('is refused if it is made up: %s', async (_, requestState) => {
    const retry = { args: ARGS, inputResponses: {}, requestState };
    expect(await refusal(served.url, retry)).toEqual(refused('invalid'));
  });

  test('is refused with anything appended', async () => {
    const retry = await begin(served.url);
    for (const more of ['=', 'A', '-TAMPERED', ' ']) {
      const requestState = `${retry.requestState}${more}`;
      expect(await refusal(served.url, { ...retry, requestState })).toEqual(refused('invalid'));
    }
  });

  test.each([
    ['other arguments', { args: { message: 'Who am I?' } }, TOOL],
    ['more arguments', { args: { ...ARGS, more: 1 } }, TOOL],
    ['another tool', {}, 'test_sampling'],
    ['another method', { method: 'prompts/get' }, TOOL],
  ])('is refused with %s', async (_, change, name) => {
    const retry = await begin(served.url);
    expect(await refusal(served.url, { ...retry, ...change }, name)).toEqual(refused('other-request'));
    expect(await continues(served.url, retry)).toBe(true);
  });

  test('is refused for numbers that JavaScript cannot tell apart', async () => {
    const { url } = served;
    const call = (number: string, more: string): Promise<Response> =>
      fetch(`${url}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': TOOL,
        },
        body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${TOOL}","arguments":{"message":"?","n":${number}}${more},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}`,
      });
    const { result } = (await (await call('9007199254740993', '')).json()) as {
      result: { requestState: string };
    };
    const more = `,"inputResponses":{},"requestState":"${result.requestState}"`;
    const other = (await (await call('9007199254740992', more)).json()) as { error: { data: unknown } };
    expect(other.error.data).toEqual({ reason: 'other-request' });
  });

  test('is good for the same arguments in another order', async () => {
    const retry = await begin(served.url, { args: { ...ARGS, a: { b: 1, c: [1, 2] } } });
    expect(await continues(served.url, { ...retry, args: { a: { c: [1, 2], b: 1 }, ...ARGS } })).toBe(true);
  });
});

test('requestState is refused to another principal, to a forged token and without one', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', env: OAUTH });
  const headers = as('ada');
  const retry = await begin(url, { args: ARGS, headers });
  expect(await refusal(url, { ...retry, headers: as('eve') })).toEqual(refused('other-client'));
  expect(await refusal(url, { ...retry, headers: as('ada', { iss: 'other' }) })).toEqual(
    refused('other-client'),
  );
  const forged = { authorization: `${headers.authorization}0` };
  expect((await attempt(url, TOOL, { ...retry, headers: forged })).status).toBe(401);
  expect((await attempt(url, TOOL, { ...retry, headers: {} })).status).toBe(401);
  // The same principal with another token.
  expect(await continues(url, { ...retry, headers: as('ada', { jti: 2 }) })).toBe(true);
});

test('requestState expires after --input-wait, and the guest is ended', async () => {
  const { url, logged } = await listen('notes-draft', { mcp: 'guide', inputWait: 300 });
  const retry = await begin(url);
  await logged(/did not respond to "elicitation\/create" within 300 ms \(--input-wait\)/);
  expect(await refusal(url, retry)).toEqual(refused('expired'));
});
