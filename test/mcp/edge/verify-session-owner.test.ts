import { describe, expect, test } from 'vitest';
import type { Handler, Upload, UploadReceiver } from '../../../src/http/handler.ts';
import { ask, edgeOf, type PlayedGuest, playGuest, reply, replyResult } from './guest.ts';
import { BOTH, CALL, guideFor } from './session-guest.ts';

/** A body that is delivered as fast as it is taken. */
function inPieces(text: string): Upload {
  const bytes = Buffer.from(text);
  let receiver: UploadReceiver | undefined;
  let at = 0;
  let delivering = false;
  const deliver = (): void => {
    if (delivering) return;
    delivering = true;
    let room = true;
    while (room && at < bytes.length) {
      room = receiver!.data(bytes.subarray(at, at + 1000));
      at += 1000;
    }
    delivering = false;
    if (!room) return;
    const to = receiver;
    receiver = undefined;
    to?.end([]);
  };
  return {
    start(to) {
      receiver = to;
      queueMicrotask(deliver);
    },
    resume: () => queueMicrotask(deliver),
    stop() {},
  };
}

describe('a session with an owner', () => {
  /** Checks the token of requests only, as wasmcp's servers do. */
  function guardedGuest(): PlayedGuest {
    return playGuest((request) => {
      const isRequest = request.message?.id !== undefined && request.message.method !== undefined;
      const mine = request.headers.get('authorization') === 'Bearer mine';
      if (isRequest && !mine) reply(request, 403, '{"error":{}}');
      else if (isRequest) replyResult(request, {});
      else reply(request, request.method === 'DELETE' ? 200 : 202, '', []);
    });
  }

  const NOTIFICATION = '{"method":"notifications/cancelled","params":{"requestId":1}}';
  const RESPONSE = '{"id":"elicit-1","result":{"action":"accept"}}';
  const TERMINATE = '{"id":1,"method":"session/terminate"}';

  test.each([
    ['a notification', 'POST', NOTIFICATION, 202],
    ['a response', 'POST', RESPONSE, 202],
    ['session/terminate', 'POST', TERMINATE, 200],
    ['DELETE', 'DELETE', undefined, 200],
  ])('accepts %s from its owner only', async (_, method, body, status) => {
    const guest = guardedGuest();
    const edge = guideFor(guest);
    const headers = { ...BOTH, 'mcp-session-id': 's' };
    const theirs = await ask(edge, body, { ...headers, authorization: 'Bearer other' }, method).answer;
    expect(theirs).toMatchObject({ status: 403, text: '{"error":{}}' });
    expect(guest.asked()).toEqual(['ping in s']);
    const mine = await ask(edge, body, { ...headers, authorization: 'Bearer mine' }, method).answer;
    expect(mine.status).toBe(status);
  });

  const PONG = '"method":"ping","id":"elicit-1"';
  const LARGE = `"${'x'.repeat(70_000)}"`;

  test.each([
    ['a method before a result', `{${PONG},"result":{"action":"accept"}}`],
    ['a method before an error', `{${PONG},"error":{"code":1}}`],
    ['a method after a result', `{"result":{"action":"accept"},${PONG}}`],
    ['a method twice', `{"id":1,"method":"ping","method":"notifications/cancelled"}`],
    [
      'a method twice, once with escapes',
      `{"id":1,"method":"ping","m\\u0065thod":"notifications/cancelled"}`,
    ],
    ['an id twice', `{"id":1,"method":"ping","id":null}`],
    ['a version twice', `{"jsonrpc":"2.0","id":1,"method":"ping","jsonrpc":"2.0"}`],
    ['a method in capitals, too', `{"id":1,"method":"ping","Method":"notifications/cancelled"}`],
    ['a result with a long s', `{${PONG},"re\u017fult":{}}`],
    ['initialize and a result', `{"id":1,"method":"initialize","result":{}}`],
  ])('refuses contradictory messages: %s', async (_, text) => {
    for (const mode of ['guide', 'strict'] as const) {
      const guest = guardedGuest();
      const edge = edgeOf(guest.handle, { mode, queue: undefined });
      const headers = { ...BOTH, 'mcp-session-id': 's', authorization: 'Bearer mine' };
      const { answer } = ask(edge, text, headers);
      expect(await answer).toMatchObject({ status: 400, json: { error: { code: -32600 } } });
      expect(guest.asked()).toEqual([]);
    }
  });

  test.each([
    ['a response behind much else', `{"_meta":${LARGE},"id":1,"result":{}}`],
    ['a notification behind its parameters', `{"params":{"a":${LARGE}},"method":"notifications/x"}`],
    ['a batch', `[{"id":1,"result":{}}]`],
    ['a request without an id', `{"method":"tools/call"}`],
    ['a request whose id is null', `{"id":null,"method":"tools/call"}`],
    ['a request whose id is a fraction', `{"id":1.5,"method":"tools/call"}`],
  ])('verifies the client of what may not be a request: %s', (_, text) =>
    verifies(text, () => [text, inPieces(text)]),
  );

  test.each([
    ['what could go on as something else', `{${PONG},"params":{"a":${LARGE}},"x":{}}`],
    ['initialize that could go on so', `{"id":1,"method":"initialize","params":{"a":${LARGE}},"x":{}}`],
  ])('verifies the client of a long upload: %s', (_, text) => verifies(text, () => [inPieces(text)]));

  async function verifies(text: string, bodies: () => readonly (string | Upload)[]): Promise<void> {
    const headers = { ...BOTH, 'mcp-session-id': 's' };
    for (const mode of ['guide', 'strict'] as const) {
      for (const body of bodies()) {
        const guest = guardedGuest();
        const edge = edgeOf(guest.handle, { mode, queue: undefined });
        const theirs = ask(edge, body, { ...headers, authorization: 'Bearer other' });
        expect(await theirs.answer).toMatchObject({ status: 403 });
        expect(guest.asked()).toEqual(['ping in s']);
      }
      const guest = guardedGuest();
      const edge = edgeOf(guest.handle, { mode, queue: undefined });
      const mine = ask(edge, inPieces(text), { ...headers, authorization: 'Bearer mine' });
      expect((await mine.answer).status).toBeLessThan(300);
      expect(guest.seen.map((seen) => seen.text)).toEqual([expect.stringContaining('"ping"'), text]);
    }
  }

  test('does not verify requests of its owner', async () => {
    const guest = guardedGuest();
    const headers = { ...BOTH, 'mcp-session-id': 's', authorization: 'Bearer mine' };
    for (const body of [CALL, inPieces(CALL)]) await ask(guideFor(guest), body, headers).answer;
    expect(guest.asked()).toEqual(['tools/call in s', 'tools/call in s']);
  });

  test('accepts a large request of its owner as it arrives', async () => {
    const parts: number[] = [];
    const handle: Handler = (request, target) => {
      if (request.body instanceof Uint8Array) {
        target.head(200, []);
        target.chunk(Buffer.from('{"jsonrpc":"2.0","id":"wasmcp-node","result":{}}'), () => {});
        target.end([]);
      } else request.body!.start({ data: ({ length }) => parts.push(length) > 0, end() {}, fail() {} });
      return { cancel() {}, stop() {} };
    };
    const edge = edgeOf(handle, { mode: 'guide', queue: undefined });
    let receiver: UploadReceiver | undefined;
    const body: Upload = { start: (to) => (receiver = to), resume() {}, stop() {} };
    ask(edge, body, { ...BOTH, 'mcp-session-id': 's', authorization: 'Bearer mine' });
    receiver!.data(Buffer.from(`{${PONG},"params":{"a":"`));
    receiver!.data(Buffer.alloc(65_536, 'x'));
    expect(parts).toHaveLength(2);
    receiver!.data(Buffer.alloc(65_536, 'x'));
    expect(parts).toHaveLength(3);
  });

  test('is not ended by a request without a token', async () => {
    const guest = guardedGuest();
    const { answer } = ask(guideFor(guest), undefined, { 'mcp-session-id': 's' }, 'DELETE');
    expect(await answer).toMatchObject({ status: 403 });
    expect(guest.asked()).toEqual(['ping in s']);
  });

  test('does not verify notifications without tokens', async () => {
    const guest = guardedGuest();
    await ask(guideFor(guest), NOTIFICATION, { 'mcp-session-id': 's' }).answer;
    expect(guest.asked()).toEqual(['notifications/cancelled in s']);
  });

  test('can be ended if the guest does not know ping', async () => {
    const unknown = '{"jsonrpc":"2.0","id":"wasmcp-node","error":{"code":-32601,"message":"what?"}}';
    const guest = playGuest((request) =>
      request.method === 'DELETE' ? reply(request, 200, '') : reply(request, 400, unknown),
    );
    const { answer } = ask(guideFor(guest), undefined, { 'mcp-session-id': 's' }, 'DELETE');
    expect(await answer).toMatchObject({ status: 200 });
  });
});
