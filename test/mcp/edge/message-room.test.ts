import { describe, expect, test } from 'vitest';
import type { Handler, Upload, UploadReceiver } from '../../../src/http/handler.ts';
import { wrapResponse } from '../../../src/http/response.ts';
import type { WasmcpError } from '../../../src/index.ts';
import { createMessageRoom } from '../../../src/mcp/edge/message-room.ts';
import { type Asking, ask, playGuest, reply, type Seen } from './guest.ts';

/** A body that arrives as the test sends it. */
interface Sending extends Upload {
  send(text: string): void;
  readonly isStopped: boolean;
}

function sending(): Sending {
  let receiver: UploadReceiver | undefined;
  let sent = '';
  let isStopped = false;
  const deliver = (): void => {
    receiver?.data(Buffer.from(sent));
    receiver?.end([]);
  };
  return {
    start(to) {
      receiver = to;
      if (sent !== '') deliver();
    },
    resume() {},
    stop() {
      isStopped = true;
    },
    send(text) {
      sent = text;
      if (receiver !== undefined) deliver();
    },
    get isStopped() {
      return isStopped;
    },
  };
}

interface Room {
  readonly seen: readonly Seen[];
  /** Announces so many bytes, and sends them when the test does. */
  announce(bytes?: number): Asking & { readonly body: Sending };
  /** A message that has arrived. */
  small(): Asking;
}

/** A guest that responds when the test does, behind room for ten bytes. */
function open({ wait = 60_000, slow = 60_000 }: { wait?: number; slow?: number } = {}): Room {
  const guest = playGuest(() => {});
  const failing: Handler = (request, target) => {
    const fail = (error: WasmcpError): void => {
      target.fail(error);
      target.finished();
    };
    return guest.handle(request, wrapResponse(target, { fail }));
  };
  const handler = createMessageRoom(6, { room: 10, wait, slow }).around(failing);
  return {
    seen: guest.seen,
    announce(bytes) {
      const body = sending();
      return { ...ask(handler, body, bytes === undefined ? {} : { 'content-length': String(bytes) }), body };
    },
    small: () => ask(handler, 'small'),
  };
}

function finish(seen: Seen): void {
  reply(seen, 200, '{}');
}

describe('a long message', () => {
  test('waits until those before it have finished, in order', async () => {
    const { announce, seen } = open();
    const texts = ['first.', 'other', 'x'];
    const all = texts.map((text) => announce(text.length));
    for (const [i, { body }] of all.entries()) body.send(texts[i]!);
    expect(seen.map(({ text }) => text)).toEqual(texts.slice(0, 1));
    finish(seen[0]!);
    expect(seen.map(({ text }) => text)).toEqual(texts);
    seen.slice(1).forEach(finish);
    for (const { answer } of all) expect((await answer).status).toBe(200);
  });

  test('of unknown length may be as long as any, until it has arrived', () => {
    const { announce, seen } = open();
    const [first, second] = [announce(), announce()];
    second.body.send('second');
    expect(seen).toEqual([]);
    first.body.send('x');
    expect(seen.map(({ text }) => text)).toEqual(['x', 'second']);
    announce(4).body.send('more');
    expect(seen).toHaveLength(2);
  });

  test('gets 503 if it waits too long, and is not read', async () => {
    const { announce } = open({ wait: 50 });
    announce(6);
    const late = announce(6);
    const { status, headers, json } = await late.answer;
    expect([status, json.error.message]).toEqual([503, expect.stringContaining('no room')]);
    expect(headers).toContain('retry-after');
    expect(late.body.isStopped).toBe(true);
  });

  test('whose client leaves makes room for others', () => {
    const { announce, seen } = open();
    announce(6).body.send('first.');
    const left = announce(6);
    const last = announce(6);
    last.body.send('last');
    left.leave();
    expect(left.body.isStopped).toBe(true);
    finish(seen[0]!);
    expect(seen.map(({ text }) => text)).toEqual(['first.', 'last']);
  });

  test('that arrives slowly fails as soon as another one waits', async () => {
    const { announce, seen } = open({ slow: 100 });
    const slow = announce(6);
    const next = announce(6);
    next.body.send('next');
    expect((await slow.answer).failure).toBe('body-timeout');
    expect(slow.body.isStopped).toBe(true);
    await expect.poll(() => seen.map(({ text }) => text)).toEqual(['next']);
  });
});

test('a message that has arrived with its head does not wait', async () => {
  const { announce, small, seen } = open();
  announce(6);
  announce(6);
  const { answer } = small();
  finish(seen[0]!);
  expect((await answer).status).toBe(200);
});
