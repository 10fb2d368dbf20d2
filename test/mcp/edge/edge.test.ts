import { describe, expect, test } from 'vitest';
import type { Handler, Upload, UploadReceiver } from '../../../src/http/handler.ts';
import { WasmcpError } from '../../../src/index.ts';
import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import { ask, edgeOf, type PlayedGuest, playGuest, reply, replyResult, type Seen } from './guest.ts';

const BOTH = { accept: 'application/json, text/event-stream' };
const CALL = '{"method":"tools/call","params":{"name":"add"},"jsonrpc":"2.0","id":1}';

/** Keeps sessions `s1`, `s2`, … as wasmcp's servers do: by header, negotiated by header, ended by DELETE. */
function sessionGuest(answer: (request: Seen) => void = (request) => replyResult(request, {})): PlayedGuest {
  const sessions = new Map<string, boolean>();
  return playGuest((request) => {
    const { method, message, session, headers } = request;
    const error = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'no' } });
    if (session !== undefined && sessions.get(session) !== true && method !== 'DELETE') {
      reply(request, 404, error, []);
    } else if (method === 'DELETE') {
      sessions.set(session!, false);
      reply(request, 200, '', []);
    } else if (message?.method === 'initialize') {
      const version = headers.get('mcp-protocol-version') ?? '2025-03-26';
      const known = ['2025-06-18', '2025-03-26'];
      if (!known.includes(version) || !known.includes(message.params.protocolVersion)) {
        reply(request, 400, error, []);
      } else {
        const id = `s${sessions.size + 1}`;
        sessions.set(id, true);
        replyResult(request, { protocolVersion: version }, ['mcp-session-id', id]);
      }
    } else if (session === undefined) {
      reply(request, 400, error, []);
    } else if (message?.id === undefined || message.method === undefined) {
      reply(request, 202, '', []);
    } else {
      answer(request);
    }
  });
}

function guideFor({ handle }: PlayedGuest, limit = 100): Handler {
  return edgeOf(handle, { mode: 'guide', queue: createSessionQueue(limit) });
}

function initializeFor(version: string): string {
  return `{"id":7,"params":{"protocolVersion" : "${version}" , "capabilities":{}},"method":"initialize"}`;
}

describe('a request without a session', () => {
  test('gets one, and the response names it', async () => {
    const guest = sessionGuest();
    const { answer } = ask(guideFor(guest), CALL, BOTH);
    expect(await answer).toMatchObject({ status: 200, session: 's1', json: { id: 1, result: {} } });
    expect(guest.asked()).toEqual(['initialize', 'notifications/initialized in s1', 'tools/call in s1']);
  });

  test('reaches the guest in the bytes of the client', async () => {
    const guest = sessionGuest();
    const text = ' {"id" : 1e0,"method":"tools\\/call" ,"params":{"a":1.0, "a":2}} ';
    await ask(guideFor(guest), text, BOTH).answer;
    expect(guest.seen.at(-1)?.text).toBe(text);
  });

  test('is opened on behalf of the client, with its version', async () => {
    const guest = sessionGuest();
    const headers = {
      authorization: 'Bearer x',
      'mcp-protocol-version': '2025-06-18',
      'content-length': '70',
    };
    await ask(guideFor(guest), CALL, { ...BOTH, ...headers }).answer;
    const [initialize] = guest.seen;
    expect(initialize?.headers.get('authorization')).toBe('Bearer x');
    expect(initialize?.headers.get('content-length')).toBe(String(initialize?.text.length));
    expect(initialize?.message).toMatchObject({ id: 1, params: { protocolVersion: '2025-06-18' } });
    expect(guest.seen.at(-1)?.headers.get('content-length')).toBe('70');
  });

  test('gets the refusal of its initialize as the response', async () => {
    const guest = playGuest((request) => reply(request, 401, '{"error":{}}', ['www-authenticate', 'Bearer']));
    const { answer } = ask(guideFor(guest), CALL, BOTH);
    expect(await answer).toMatchObject({
      status: 401,
      text: '{"error":{}}',
      headers: ['www-authenticate', 'Bearer'],
    });
    expect(guest.asked()).toEqual(['initialize']);
  });

  test('gets the failure of its initialize as the response', async () => {
    const handle: Handler = (_, target) => {
      target.fail(new WasmcpError('queue-full', 'full'));
      return { cancel() {} };
    };
    const edge = edgeOf(handle, { mode: 'guide', queue: undefined });
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ failure: 'queue-full' });
  });

  test('is sent although the response to notifications/initialized ended early', async () => {
    const guest = playGuest((request) => {
      if (request.message.method !== 'notifications/initialized') {
        replyResult(request, {}, request.session === undefined ? ['mcp-session-id', 's'] : []);
        return;
      }
      request.target.head(202, []);
      request.target.fail(new WasmcpError('guest-trapped', 'trapped'));
    });
    expect(await ask(guideFor(guest), CALL, BOTH).answer).toMatchObject({ status: 200, session: 's' });
  });

  test('proceeds without one if the guest keeps none, which is asked three times only', async () => {
    const guest = playGuest((request) => replyResult(request, {}));
    const edge = guideFor(guest);
    for (let i = 0; i < 5; i++) {
      expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: undefined });
    }
    const asked = ['initialize', 'tools/call'];
    expect(guest.asked()).toEqual([...asked, ...asked, ...asked, 'tools/call', 'tools/call']);
  });

  test('asks a guest again that failed to create a session once', async () => {
    let broken = true;
    const guest = playGuest((request) => {
      if (request.message.method === 'initialize')
        replyResult(request, {}, broken ? [] : ['mcp-session-id', 's']);
      else if (request.session === undefined) reply(request, 400, '{}');
      else replyResult(request, {});
    });
    const edge = guideFor(guest);
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 400 });
    broken = false;
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: 's' });
  });

  test('is not sent when its client leaves before', async () => {
    const held: Seen[] = [];
    const guest = playGuest((request) => held.push(request));
    const { leave } = ask(guideFor(guest), CALL, BOTH);
    leave();
    expect(held[0]?.gone).toBe(true);
    replyResult(held[0]!, {}, ['mcp-session-id', 's']);
    expect(guest.asked()).toEqual(['initialize']);
  });

  test.each([
    ['a notification', '{"method":"notifications/initialized"}'],
    ['a response', '{"id":1,"result":{}}'],
    ['a batch', `[${CALL}]`],
    ['no JSON', '{"id":1,"method":"ping"'],
    ['no object', '5'],
    ['a method twice', '{"id":1,"method":"ping","method":"tools/call"}'],
  ])('%s reaches the guest unchanged', async (_, text) => {
    const guest = sessionGuest();
    expect(await ask(guideFor(guest), text, BOTH).answer).toMatchObject({ status: 400 });
    expect(guest.seen.map((seen) => seen.text)).toEqual([text]);
  });

  test.each(['2026-07-28', 'x'])('of version %s gets no session', async (version) => {
    const guest = sessionGuest();
    const text = '{"id":1,"method":"server/discover"}';
    const { answer } = ask(guideFor(guest), text, { ...BOTH, 'mcp-protocol-version': version });
    expect(await answer).toMatchObject({ status: 400, session: undefined });
    expect(guest.asked()).toEqual(['server/discover']);
  });

  test('is left to the guest in strict mode', async () => {
    const guest = sessionGuest();
    const edge = edgeOf(guest.handle, { mode: 'strict', queue: undefined });
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 400 });
    expect(guest.asked()).toEqual(['tools/call']);
  });
});

describe.each(['guide', 'strict'] as const)('initialize in %s mode', (mode) => {
  test.each([
    ['a version that the guest knows', '2025-06-18', '2025-06-18', 1],
    ['an older one', '2025-03-26', '2025-03-26', 1],
    ['a newer one', '2025-11-25', '2025-06-18', 2],
    ['one of the future', '2026-07-28', '2025-06-18', 3],
    ['one that never was', 'x', '2025-06-18', 3],
  ])('agrees on %s', async (_, wanted, agreed, asked) => {
    const guest = sessionGuest();
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    const { answer } = ask(edge, initializeFor(wanted), { ...BOTH, 'mcp-protocol-version': '2024-11-05' });
    expect(await answer).toMatchObject({
      status: 200,
      session: 's1',
      json: { result: { protocolVersion: agreed } },
    });
    expect(guest.seen).toHaveLength(asked);
    expect(guest.seen.at(-1)?.text).toBe(initializeFor(agreed));
  });

  test('does not offer a version that the guest has refused three times', async () => {
    const guest = sessionGuest();
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    for (let i = 0; i < 5; i++) await ask(edge, initializeFor('2025-11-25'), BOTH).answer;
    expect(guest.seen).toHaveLength(8);
  });

  test('that is refused with every version is refused as the guest does, and proves nothing', async () => {
    const guest = playGuest((request) => {
      if (request.message.params.capabilities === undefined) reply(request, 400, '{"error":{}}');
      else replyResult(request, {});
    });
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    const bad = '{"id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}';
    expect(await ask(edge, bad, BOTH).answer).toMatchObject({ status: 400, text: '{"error":{}}' });
    await ask(edge, initializeFor('2025-06-18'), BOTH).answer;
    expect(guest.seen.at(-1)?.headers.get('mcp-protocol-version')).toBe('2025-06-18');
  });

  test('without a version is passed on unchanged', async () => {
    const guest = playGuest((request) => reply(request, 400, '{}'));
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    await ask(edge, '{"id":1,"method":"initialize","params":{}}', BOTH).answer;
    expect(guest.seen).toHaveLength(1);
    expect(guest.seen[0]?.headers.has('mcp-protocol-version')).toBe(false);
  });
});

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

describe('session/terminate', () => {
  async function open(guest: PlayedGuest): Promise<{ edge: Handler; session: string }> {
    const edge = guideFor(guest);
    const { session } = await ask(edge, initializeFor('2025-06-18'), BOTH).answer;
    return { edge, session: session! };
  }

  test('ends the session, and responds under the id as it was written', async () => {
    const guest = sessionGuest();
    const { edge, session } = await open(guest);
    const id = '12345678901234567890123456789';
    const text = `{"jsonrpc":"2.0","id":${id},"method":"session/terminate"}`;
    const headers = { 'content-type': 'application/json', 'mcp-session-id': session };
    const ended = await ask(edge, text, headers).answer;
    expect(ended).toMatchObject({ status: 200, text: `{"jsonrpc":"2.0","id":${id},"result":{}}` });
    expect(await ask(edge, CALL, { ...BOTH, 'mcp-session-id': session }).answer).toMatchObject({
      status: 404,
    });
    expect(await ask(edge, text, headers).answer).toMatchObject({ status: 404 });
    expect(await ask(edge, undefined, headers, 'DELETE').answer).toMatchObject({ status: 404 });
  });

  test('without an id gets no response', async () => {
    const guest = sessionGuest();
    const { edge, session } = await open(guest);
    const { answer } = ask(edge, '{"method":"session/terminate"}', { 'mcp-session-id': session });
    expect(await answer).toMatchObject({ status: 202, text: '' });
    expect(guest.asked().at(-1)).toBe(`DELETE in ${session}`);
    expect(guest.seen.at(-1)?.text).toBe('');
  });

  test('without a session is refused', async () => {
    const guest = sessionGuest();
    const { answer } = ask(guideFor(guest), '{"id":"a","method":"session/terminate"}');
    expect(await answer).toMatchObject({ status: 400, json: { id: 'a', error: { code: -32600 } } });
    expect(guest.seen).toEqual([]);
  });

  test('is an unknown method if the guest does not let clients end sessions', async () => {
    const guest = playGuest((request) => {
      if (request.method === 'DELETE') reply(request, 405, '', ['allow', 'POST']);
      else replyResult(request, {});
    });
    const { answer } = ask(guideFor(guest), '{"id":"a","method":"session/terminate"}', {
      'mcp-session-id': 's',
    });
    expect(await answer).toMatchObject({ status: 200, json: { id: 'a', error: { code: -32601 } } });
  });

  test('is left to the guest in strict mode', async () => {
    const guest = playGuest((request) => reply(request, 200, '{"error":{}}'));
    const edge = edgeOf(guest.handle, { mode: 'strict', queue: undefined });
    await ask(edge, '{"id":"a","method":"session/terminate"}', { 'mcp-session-id': 's' }).answer;
    expect(guest.asked()).toEqual(['session/terminate in s']);
  });
});

describe('a session with an owner', () => {
  /** Looks at the token of requests only, as wasmcp's servers do. */
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
      expect(await answer).toMatchObject({ status: 400, json: { id: null, error: { code: -32600 } } });
      expect(guest.asked()).toEqual([]);
    }
  });

  test.each([
    ['a response behind much else', `{"_meta":${LARGE},"id":1,"result":{}}`],
    ['a notification behind its parameters', `{"params":{"a":${LARGE}},"method":"notifications/x"}`],
    ['what could go on as something else', `{${PONG},"params":{"a":${LARGE}},"result":{}}`],
    ['initialize that could go on so', `{"id":1,"method":"initialize","params":{"a":${LARGE}},"result":{}}`],
    ['a batch', `[{"id":1,"result":{}}]`],
    ['a request without an id', `{"method":"tools/call"}`],
    ['a request whose id is null', `{"id":null,"method":"tools/call"}`],
    ['a request whose id is a fraction', `{"id":1.5,"method":"tools/call"}`],
  ])('verifies the client of what may not be a request: %s', async (_, text) => {
    const headers = { ...BOTH, 'mcp-session-id': 's' };
    for (const mode of ['guide', 'strict'] as const) {
      for (const body of [text, inPieces(text)]) {
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
  });

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
      return { cancel() {} };
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

describe('a body that arrives in pieces', () => {
  function uploadOf(
    ...pieces: string[]
  ): Upload & { readonly sent: string[]; stopped: boolean; feed(): void } {
    let receiver: UploadReceiver | undefined;
    let paused = false;
    const left = [...pieces];
    const upload = {
      sent: [] as string[],
      stopped: false,
      start(to: UploadReceiver) {
        receiver = to;
      },
      feed() {
        while (!paused && left.length > 0) {
          const piece = left.shift()!;
          upload.sent.push(piece);
          // The memory is used again at once, as node:http does.
          const bytes = Buffer.from(piece);
          paused = !receiver!.data(bytes);
          bytes.fill(0);
        }
        if (!paused) receiver!.end([]);
      },
      resume() {
        paused = false;
      },
      stop() {
        upload.stopped = true;
      },
    };
    return upload;
  }

  test('arrives whole', async () => {
    const guest = sessionGuest();
    const edge = guideFor(guest);
    const upload = uploadOf(
      '{"id":',
      '1,"met',
      'hod":"tools/ca',
      'll","params":{"a":"',
      'x'.repeat(100_000),
      '"}}',
    );
    const { answer } = ask(edge, upload, BOTH);
    upload.feed();
    expect(await answer).toMatchObject({ status: 200, session: 's1' });
    expect(guest.seen.at(-1)?.text).toBe(
      `{"id":1,"method":"tools/call","params":{"a":"${'x'.repeat(100_000)}"}}`,
    );
  });

  test('is read no further than its method and id while it waits in the queue', async () => {
    const running: Seen[] = [];
    const guest = playGuest((request) => running.push(request));
    const edge = guideFor(guest);
    const session = { ...BOTH, 'mcp-session-id': 's' };
    const first = ask(edge, CALL, session);
    const upload = uploadOf('{"method":"tools/call",', '"id":2,"params":{"a":"', 'x'.repeat(100_000), '"}}');
    const second = ask(edge, upload, session);
    upload.feed();
    expect(upload.sent).toHaveLength(2);
    replyResult(running[0]!, {});
    await first.answer;
    upload.feed();
    replyResult(running[1]!, {});
    expect(await second.answer).toMatchObject({ status: 200, json: { id: 2 } });
  });

  test('is discarded when its client leaves the queue', () => {
    const guest = playGuest(() => {});
    const edge = guideFor(guest);
    const session = { ...BOTH, 'mcp-session-id': 's' };
    ask(edge, CALL, session);
    const upload = uploadOf('{"method":"tools/call",', '"id":2}');
    const { leave } = ask(edge, upload, session);
    upload.feed();
    leave();
    expect(upload.stopped).toBe(true);
  });

  test('that is not JSON is not held back', async () => {
    const parts: string[] = [];
    const handle: Handler = (request, target) => {
      (request.body as Upload).start({
        data: (bytes) => parts.push(Buffer.from(bytes).toString()) > 0,
        end() {
          target.head(200, []);
          target.end([]);
        },
        fail() {},
      });
      return { cancel() {} };
    };
    const edge = edgeOf(handle, { mode: 'guide', queue: undefined });
    const upload = uploadOf('PNG', 'more');
    let ended = false;
    const { answer } = ask(
      edge,
      {
        ...upload,
        start: (to) =>
          upload.start({
            ...to,
            end: (t) => {
              ended = true;
              to.end(t);
            },
          }),
      },
      BOTH,
    );
    upload.feed();
    expect(parts).toEqual(['PNG', 'more']);
    expect(ended).toBe(true);
    expect((await answer).status).toBe(200);
  });

  test('above the limit is refused', async () => {
    const guest = sessionGuest();
    let receiver: UploadReceiver | undefined;
    const body: Upload = { start: (to) => (receiver = to), resume() {}, stop() {} };
    const { answer } = ask(guideFor(guest), body, BOTH);
    receiver!.data(Buffer.from('{"id":1,'));
    receiver!.fail(new WasmcpError('body-too-large', 'too large'));
    expect(await answer).toMatchObject({ failure: 'body-too-large' });
    expect(guest.seen).toEqual([]);
  });

  test('that ends early gets a response, unless its client has gone', async () => {
    const guest = sessionGuest();
    let receiver: UploadReceiver | undefined;
    const body: Upload = { start: (to) => (receiver = to), resume() {}, stop() {} };
    const { answer } = ask(guideFor(guest), body, BOTH);
    receiver!.data(Buffer.from('{"id":1,'));
    receiver!.fail();
    expect(await answer).toMatchObject({ status: 400, json: { id: null, error: { code: -32600 } } });

    const heads: number[] = [];
    const call = guideFor(guest)(
      { method: 'POST', scheme: 'http', authority: 'a', path: '/', headers: [], body, receivedAt: 0 },
      { head: (status) => heads.push(status), chunk() {}, end() {}, fail() {}, finished() {} },
    );
    call.cancel();
    receiver!.fail();
    expect(heads).toEqual([]);
    expect(guest.seen).toEqual([]);
  });

  test('is discarded when the guest refuses to open a session, or to accept its client', async () => {
    const refusing = playGuest((request) => reply(request, 403, '{}'));
    const large = [`"params":{"a":"${'x'.repeat(100_000)}`, '"}}'];
    const call = uploadOf('{"id":1,"method":"tools/call",', ...large);
    const first = ask(guideFor(refusing), call, BOTH);
    call.feed();
    expect(await first.answer).toMatchObject({ status: 403 });
    expect(call.stopped).toBe(true);

    const news = uploadOf('{"method":"notifications/x",', ...large);
    const second = ask(guideFor(refusing), news, {
      ...BOTH,
      'mcp-session-id': 's',
      authorization: 'Bearer x',
    });
    news.feed();
    expect(await second.answer).toMatchObject({ status: 403 });
    expect(news.stopped).toBe(true);
  });

  test('is discarded when its client leaves', () => {
    const guest = sessionGuest();
    const upload = uploadOf('{"id":1,');
    const { leave } = ask(guideFor(guest), upload, BOTH);
    leave();
    expect(upload.stopped).toBe(true);
  });
});

test('other methods than POST and DELETE pass', async () => {
  const guest = playGuest((request) => reply(request, 405, '', []));
  expect(await ask(guideFor(guest), undefined, {}, 'GET').answer).toMatchObject({ status: 405 });
  expect(guest.asked()).toEqual(['GET']);
});
