import { describe, expect, test } from 'vitest';
import type { Handler } from '../../../src/http/handler.ts';
import { WasmcpError } from '../../../src/index.ts';
import { type Answered, type Asking, ask, edgeOf, type PlayedGuest, playGuest, type Seen } from './guest.ts';

const HEADERS = { accept: 'application/json, text/event-stream', 'mcp-session-id': 's' };
const CALL = '{"jsonrpc":"2.0","method":"tools/call","params":{},"id":"mine"}';
const QUESTION = '{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}}';
const RESULT = '{"jsonrpc":"2.0","id":"mine","result":{"method":1}}';

interface Setting {
  readonly guest: PlayedGuest;
  readonly edge: Handler;
  readonly asking: Asking;
  /** The guest sends a part of its stream. */
  say(text: string): void;
  end(): void;
  call: () => Seen;
}

/** A guest that responds to a call with a stream, and to other messages with 202. */
function start(inputWait: number, headers: Record<string, string> = HEADERS): Setting {
  const guest = playGuest(({ message, target }) => {
    const isCall = message?.method === 'tools/call';
    target.head(isCall ? 200 : 202, isCall ? ['content-type', 'text/event-stream'] : []);
    if (isCall) return;
    target.end([]);
    target.finished();
  });
  const edge = edgeOf(guest.handle, { mode: 'guide', queue: undefined, inputWait });
  const asking = ask(edge, CALL, headers);
  const call = (): Seen => guest.seen[0]!;
  return {
    guest,
    edge,
    asking,
    call,
    say: (text) => call().target.chunk(Buffer.from(text), () => {}),
    end() {
      call().target.end([]);
      call().target.finished();
    },
  };
}

function lastEvent({ text }: Answered): string {
  return text.trimEnd().split('\n').at(-1)!;
}

const GIVEN_UP =
  /^data: \{"jsonrpc":"2\.0","id":"mine","error":\{"code":-32000,.*sampling\/createMessage.*--input-wait/;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a request to the client without a response', () => {
  test('ends the stream with an error, and cancels the guest', async () => {
    const { say, asking, call } = start(20);
    say(`data: ${QUESTION}\n\n`);
    const answer = await asking.answer;
    expect(lastEvent(answer)).toMatch(GIVEN_UP);
    expect(answer.failure).toBeUndefined();
    expect(call().gone).toBe(true);
  });

  test('does so although the guest keeps the stream alive and reports progress', async () => {
    const { say, asking } = start(100);
    say(`data: ${QUESTION}\n\n`);
    const alive = setInterval(() => {
      say(': alive\n\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n');
    }, 5);
    expect(lastEvent(await asking.answer)).toMatch(GIVEN_UP);
    clearInterval(alive);
  });

  test('does so although other requests got responses, and responses came in other sessions', async () => {
    const { say, asking, edge } = start(200);
    say(`data: ${QUESTION}\n\ndata: ${QUESTION.replace('7', '"8"')}\n\n`);
    await ask(edge, '{"jsonrpc":"2.0","id":"8","result":{}}', HEADERS).answer;
    await ask(edge, '{"jsonrpc":"2.0","id":7,"result":{}}', { ...HEADERS, 'mcp-session-id': 'other' }).answer;
    expect(lastEvent(await asking.answer)).toMatch(GIVEN_UP);
  });

  test('is reported after an incomplete event', async () => {
    const { say, asking } = start(20);
    say(`data: ${QUESTION}\n\ndata: {"half`);
    expect(lastEvent(await asking.answer)).toMatch(GIVEN_UP);
  });

  test('is found however the stream is split', async () => {
    for (let cut = 1; cut < QUESTION.length + 6; cut += 7) {
      const { say, asking } = start(1);
      const text = `data: ${QUESTION}\n\n`;
      say(': alive\n\n');
      say(text.slice(0, cut));
      say(text.slice(cut));
      expect(lastEvent(await asking.answer)).toMatch(GIVEN_UP);
    }
  });

  test('is the reason that the client gets when another limit ends it', async () => {
    const { say, asking, call } = start(60_000);
    say(`data: ${QUESTION}\n\n`);
    call().target.fail(new WasmcpError('guest-timeout', 'too long'));
    expect(lastEvent(await asking.answer)).toMatch(GIVEN_UP);
  });

  test('ends as one body for a client that accepts no streams', async () => {
    const { say, asking } = start(20, { 'mcp-session-id': 's' });
    say(`data: ${QUESTION}\n\n`);
    expect(await asking.answer).toMatchObject({ status: 200, json: { id: 'mine', error: { code: -32000 } } });
  });
});

describe('other messages, and requests with a response:', () => {
  test.each([
    ['an answer under the same id', '{"jsonrpc":"2.0","result":{},"id":7}'],
    ['an answer that writes the id otherwise', '{"jsonrpc":"2.0","id":7.0,"result":{}}'],
    ['a refusal', '{"jsonrpc":"2.0","error":{"code":-1,"message":"no"},"id":7}'],
  ])('%s ends the wait', async (_, text) => {
    const { say, end, asking, edge } = start(200);
    say(`data: ${QUESTION}\n\n`);
    await ask(edge, text, HEADERS).answer;
    await pause(300);
    say(`data: ${RESULT}\n\n`);
    end();
    expect(lastEvent(await asking.answer)).toBe(`data: ${RESULT}`);
  });

  test.each([
    ['a notification', '{"jsonrpc":"2.0","method":"notifications/message","params":{}}'],
    ['a result that speaks of methods', RESULT],
    ['no JSON', '"method" {'],
    ['a long event', `{"x":"${'x'.repeat(70_000)}","id":1,"method":"a"}`],
  ])('%s is not timed', async (_, text) => {
    const { say, end, asking } = start(20);
    say(`data: ${text}\n\n`);
    await pause(40);
    end();
    expect(lastEvent(await asking.answer)).toBe(`data: ${text}`);
  });

  test('a client that has gone is not timed', async () => {
    const { say, asking, call } = start(60_000);
    say(`data: ${QUESTION}\n\n`);
    asking.leave();
    expect(call().gone).toBe(true);
  });
});
