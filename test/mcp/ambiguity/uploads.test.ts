import { describe, expect, test } from 'vitest';
import type { Handler, Upload, UploadReceiver } from '../../../src/http/handler.ts';
import { callTool, initialize } from '../../support/mcp.ts';
import { share } from '../../support/serving.ts';
import { ask, edgeOf } from '../edge/guest.ts';
import { BOTH } from '../edge/session-guest.ts';
import { refusal } from './ambiguous.ts';

const LONG = 'x'.repeat(100_000);
const HEAD = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"counter","arguments":{"text":"${LONG}"}`;

const HEADERS = { ...BOTH, 'mcp-session-id': 's' };

/** What is added to a call behind the part that is kept, and why it is refused. */
const AMBIGUOUS = [
  ['a method', '},"method":"ping"}', '"method" occurs twice in the message'],
  ['a method in escapes', '},"m\\u0065thod":"ping"}', '"method" occurs twice in the message'],
  ['a method in capitals', '},"Method":"ping"}', '"method" and "Method" in the message differ in case only'],
  ['a result', '},"result":{}}', 'the message has "method" and "result"'],
  ['an id', '},"id":2}', '"id" occurs twice in the message'],
  ['params', '},"params":{}}', '"params" occurs twice in the message'],
  ['a name', ',"name":"other"}}', '"name" occurs twice in params'],
  ['a member of _meta', ',"_meta":{"a":1,"a":2}}}', '"a" occurs twice in params._meta'],
  [
    'more than a thousand members',
    `,${Array.from({ length: 1001 }, (_, i) => `"m${i}":0`)}}}`,
    'params has more than 1000 members',
  ],
  ['a name that is too long', `,"${LONG}":0}}`, 'a name is too long'],
] as const;

/** A body that arrives in parts of this many bytes. */
function inParts(text: string, size: number): Upload {
  const bytes = Buffer.from(text);
  return {
    start(to: UploadReceiver) {
      for (let i = 0; i < bytes.length; i += size) to.data(bytes.subarray(i, i + size));
      to.end([]);
    },
    resume() {},
    stop() {},
  };
}

/** A guest that has begun to read, and maybe to respond. */
function readingGuest(responds: boolean): { readonly handle: Handler; got(): string; hasAll(): boolean } {
  let text = '';
  let hasAll = false;
  return {
    handle({ body }, target) {
      if (responds) target.head(200, ['content-type', 'text/event-stream']);
      (body as Upload).start({
        data(bytes) {
          text += Buffer.from(bytes).toString();
          return true;
        },
        end() {
          hasAll = true;
        },
        fail: (error) => target.fail(error!),
      });
      return { cancel() {}, stop() {} };
    },
    got: () => text,
    hasAll: () => hasAll,
  };
}

describe('of a long upload, no guest gets all if there is', () => {
  test.each(AMBIGUOUS)('%s', async (_, tail, reason) => {
    const text = HEAD + tail;
    for (const size of [7, 1000, 99_990]) {
      const { handle, got, hasAll } = readingGuest(false);
      const sessions = edgeOf(handle, { mode: 'guide', queue: undefined });
      const { answer } = ask(sessions, inParts(text, size), HEADERS);
      expect(await answer).toMatchObject({ status: 400, json: refusal(reason, null) });
      expect(text.startsWith(got())).toBe(true);
      expect([got().length < text.length, hasAll()]).toEqual([true, false]);
    }
    const { handle, got } = readingGuest(false);
    const { answer } = ask(edgeOf(handle, { mode: 'guide', queue: undefined }), text, HEADERS);
    expect(await answer).toMatchObject({ status: 400, json: refusal(reason, null) });
    expect(got()).toBe('');
  });

  test('a second method, although the guest has begun to respond', async () => {
    const { handle, hasAll } = readingGuest(true);
    const sessions = edgeOf(handle, { mode: 'guide', queue: undefined });
    const body = inParts(`${HEAD},"name":"other"}}`, 1000);
    const { failure } = await ask(sessions, body, HEADERS).answer;
    expect([failure, hasAll()]).toEqual(['message-ambiguous', false]);
  });
});

describe('a long upload reaches its guest', () => {
  test.each([
    ['with arguments that occur twice', `${HEAD},"_meta":{}}}`.replace('{"text"', '{"a":1,"a":2,"text"')],
    ['after a byte-order mark', `\ufeff${HEAD}}}`],
    ['if it is a batch', `[${HEAD},"name":""}},{"id":1,"id":1}]`],
    ['if it is no message', `{"a":"${LONG}","a":1}`],
    ['if it is no JSON', `{${HEAD}},"id":1,"id":1`],
  ])('%s', async (_, text) => {
    for (const size of [7, 1000, 99_990]) {
      const { handle, got, hasAll } = readingGuest(false);
      const sessions = edgeOf(handle, { mode: 'guide', queue: undefined });
      void ask(sessions, inParts(text, size), HEADERS);
      await expect.poll(hasAll).toBe(true);
      expect(got() === text).toBe(true);
    }
  });
});

describe('a server', () => {
  const served = share('notes-draft', { mcp: 'guide' });

  test.each([true, false])(
    'refuses such an upload while a guest reads it; with a length: %s',
    async (hasLength) => {
      const session = await initialize(served.url);
      const text = `${HEAD.replace(LONG, LONG.repeat(10))}},"method":"ping"}`;
      const stream = new Blob([text]).stream();
      const response = await fetch(`${served.url}/mcp`, {
        method: 'POST',
        headers: { ...BOTH, 'content-type': 'application/json', 'mcp-session-id': session },
        ...(hasLength ? { body: text } : { body: stream, duplex: 'half' }),
      });
      const reason = '"method" occurs twice in the message';
      expect([response.status, await response.json()]).toEqual([400, refusal(reason, null)]);
      expect(await callTool(served.url, session, 'counter')).toBe('1');
    },
  );
});
