import { describe, expect, test } from 'vitest';
import { WasmcpError } from '../../../src/index.ts';
import { type Answered, ask, edgeOf, type PlayedGuest, playGuest, reply, type Seen } from './guest.ts';

const CALL = '{"method":"tools/call","params":{},"id":1}';
const NEWS = '{"jsonrpc":"2.0","method":"notifications/message","params":{"result":1}}';
const RESPONSE = '{"id":1, "jsonrpc":"2.0", "result":{"big":123456789012345678901234567890}}';
const STREAM = ['content-type', 'text/event-stream', 'cache-control', 'no-cache'];

/** Sends a call through the edge to a guest that responds with a stream in these pieces. */
async function answered(pieces: readonly string[], headers: Record<string, string> = {}): Promise<Answered> {
  const guest = streaming(({ target }) => {
    for (const piece of pieces) target.chunk(Buffer.from(piece), () => {});
    target.end([]);
  });
  return ask(edgeFor(guest), CALL, { 'mcp-session-id': 's', ...headers }).answer;
}

function streaming(send: (request: Seen) => void): PlayedGuest {
  return playGuest((request) => {
    request.target.head(200, [...STREAM, 'content-length', '999']);
    send(request);
  });
}

function edgeFor(guest: PlayedGuest) {
  return edgeOf(guest.handle, { mode: 'guide', queue: undefined });
}

describe('a client that accepts no streams', () => {
  test.each([
    ['says nothing', {}],
    ['takes JSON', { accept: 'application/json' }],
    ['takes anything, as curl does', { accept: '*/*' }],
    ['takes pages', { accept: 'text/html, text/*;q=0.5' }],
    ['refuses streams', { accept: 'application/json, text/event-stream;q=0' }],
  ])('that %s gets the response as JSON', async (_, headers) => {
    const answer = await answered(
      [`data: ${NEWS}\n\ndata: ${RESPONSE}\n\n`],
      headers as Record<string, string>,
    );
    expect(answer).toMatchObject({
      status: 200,
      text: RESPONSE,
      headers: ['cache-control', 'no-cache', 'content-type', 'application/json'],
    });
  });

  test.each([
    ['LF', `: comment\nevent: message\nid: 1\ndata: ${RESPONSE}\n\n`],
    ['CR LF', `event: message\r\ndata: ${RESPONSE}\r\n\r\n`],
    ['CR', `data: ${RESPONSE}\rid: 7\r\r`],
    ['no space after the colon', `data:${RESPONSE}\n\n`],
    ['events without data', `data\n\nevent: ping\n\ndatabase: x\n\ndat: y\n\ndata: ${RESPONSE}\n\n`],
    ['requests of the server', `data: {"id":1,"method":"elicitation/create"}\n\ndata: ${RESPONSE}\n\n`],
    ['what is no JSON', `data: hello\n\ndata: ${RESPONSE}\n\n`],
    ['long news', `data: {"params":"${'x'.repeat(200_000)}","method":"a"}\n\ndata: ${RESPONSE}\n\n`],
    ['more after the response', `data: ${RESPONSE}\n\ndata: ${NEWS}\n\ndata: {"id":1,"result":2}\n\n`],
    ['no end of the last event', `data: ${NEWS}\n\ndata: ${RESPONSE}\n`],
  ])('gets the response from a stream with %s, in pieces of any size', async (_, stream) => {
    for (const size of [1, 5, 1_000_000]) {
      const pieces = stream.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))!;
      expect((await answered(pieces)).text).toBe(RESPONSE);
    }
  });

  test.each(['\n', '\r\n', '\r'])('gets a response of several lines, ended by %j', async (end) => {
    const lines = ['data: {"id":1,', 'data: "result":', 'data: {"a":2}}', '', ''];
    expect((await answered([lines.join(end)])).text).toBe('{"id":1,\n"result":\n{"a":2}}');
  });

  test('gets an error as JSON too', async () => {
    const { text } = await answered(['data: {"id":1,"error":{"code":-1}}\n\n']);
    expect(text).toBe('{"id":1,"error":{"code":-1}}');
  });

  test('gets a failure when the stream ends without a response', async () => {
    expect(await answered([`data: ${NEWS}\n\n`])).toMatchObject({ failure: 'guest-no-response' });
    expect(await answered([])).toMatchObject({ failure: 'guest-no-response' });
  });

  test('gets the failure of a guest that dies before its response, and of one within it', async () => {
    for (const sent of [`data: ${NEWS}\n\n`, 'data: {"id":1,"result":{"a":']) {
      const guest = streaming(({ target }) => {
        target.chunk(Buffer.from(sent), () => {});
        target.fail(new WasmcpError('guest-trapped', 'trapped'));
      });
      expect(await ask(edgeFor(guest), CALL, { 'mcp-session-id': 's' }).answer).toMatchObject({
        failure: 'guest-trapped',
      });
    }
  });

  test('gets its response before the guest has finished, and does not cancel it', async () => {
    const requests: Seen[] = [];
    const guest = streaming((request) => {
      requests.push(request);
      request.target.chunk(Buffer.from(`data: ${RESPONSE}\n\n`), () => {});
    });
    const { answer, leave } = ask(edgeFor(guest), CALL, { 'mcp-session-id': 's' });
    expect((await answer).text).toBe(RESPONSE);
    // The client's connection closes once it has the response.
    leave();
    expect(requests[0]!.gone).toBe(false);
    let taken = 0;
    requests[0]!.target.chunk(Buffer.from('more'), (bytes) => {
      taken += bytes;
    });
    requests[0]!.target.end([]);
    expect(taken).toBe(4);
  });

  test('slows down a guest that sends faster than it reads', () => {
    let tell: (() => void) | undefined;
    let taken = 0;
    const guest = streaming(({ target }) => {
      target.chunk(Buffer.from('data: {"id":1,"result":"abc'), (bytes) => {
        taken += bytes;
      });
    });
    edgeFor(guest)(
      {
        method: 'POST',
        scheme: 'http',
        authority: 'localhost',
        path: '/mcp',
        headers: ['mcp-session-id', 's'],
        body: Buffer.from(CALL),
        receivedAt: 0,
      },
      {
        head() {},
        chunk(bytes, left) {
          tell = () => left(bytes.length);
        },
        end() {},
        fail() {},
        finished() {},
      },
    );
    expect(taken).toBe(0);
    tell!();
    expect(taken).toBe('data: {"id":1,"result":"abc'.length);
  });

  test('gets JSON, errors and empty responses unchanged', async () => {
    const guest = playGuest((request) => {
      if (request.message.id === undefined) reply(request, 202, '', []);
      else reply(request, 404, `data: ${RESPONSE}\n\n`, ['content-type', 'application/problem+json']);
    });
    const session = { 'mcp-session-id': 's' };
    const error = await ask(edgeFor(guest), CALL, session).answer;
    expect(error).toMatchObject({ status: 404, text: `data: ${RESPONSE}\n\n` });
    const { answer } = ask(edgeFor(guest), '{"method":"notifications/x"}', session);
    expect(await answer).toMatchObject({ status: 202, text: '', headers: [] });
  });
});

describe('the Accept header that reaches the guest', () => {
  function heard(mode: 'guide' | 'strict', accept: string | undefined): string | undefined {
    const guest = playGuest((request) => reply(request, 200, '{}'));
    const edge = edgeOf(guest.handle, { mode, queue: undefined });
    void ask(edge, CALL, { 'mcp-session-id': 's', ...(accept !== undefined && { Accept: accept }) });
    return guest.seen[0]!.headers.get('accept');
  }

  test.each([
    undefined,
    'application/json',
    'text/event-stream',
    '*/*',
    'application/json;q=0, text/event-stream',
  ])('lists both types instead of %s', (accept) => {
    expect(heard('guide', accept)).toBe('application/json, text/event-stream');
  });

  test('is the client’s when it lists both', () => {
    expect(heard('guide', 'text/event-stream, application/json;q=0.5')).toBe(
      'text/event-stream, application/json;q=0.5',
    );
  });

  test('is the client’s in strict mode', () => {
    expect(heard('strict', 'application/json')).toBe('application/json');
    expect(heard('strict', undefined)).toBeUndefined();
  });
});

test('a client that accepts streams gets them as they arrive', async () => {
  const stream = `data: ${NEWS}\n\ndata: ${RESPONSE}\n\n`;
  for (const accept of [
    'application/json, text/event-stream',
    'text/event-stream',
    'TEXT/Event-Stream;q=0.9',
  ]) {
    expect((await answered([stream], { accept })).text).toBe(stream);
  }
});
