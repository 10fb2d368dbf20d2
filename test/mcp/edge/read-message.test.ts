import { describe, expect, test } from 'vitest';
import type { Handler, Upload, UploadReceiver } from '../../../src/http/handler.ts';
import { WasmcpError } from '../../../src/index.ts';
import { ask, edgeOf, playGuest, reply, replyResult, type Seen } from './guest.ts';
import { BOTH, CALL, guideFor, sessionGuest } from './session-guest.ts';

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
          // The memory is reused at once, as node:http does.
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

  test('is read no further than its envelope may be while it waits in the queue', async () => {
    const running: Seen[] = [];
    const guest = playGuest((request) => running.push(request));
    const edge = guideFor(guest);
    const session = { ...BOTH, 'mcp-session-id': 's' };
    const first = ask(edge, CALL, session);
    const upload = uploadOf(
      '{"method":"tools/call",',
      `"id":2,"params":{"a":"${'x'.repeat(65_536)}`,
      'x'.repeat(100_000),
      '"}}',
    );
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
    const upload = uploadOf('{"method":"tools/call",', `"id":2,"a":"${'x'.repeat(65_536)}`, '"}');
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
      return { cancel() {}, stop() {} };
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
