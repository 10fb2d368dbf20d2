import { describe, expect, test } from 'vitest';
import { Fields } from '../../../host/http/fields.ts';
import { OutgoingBody } from '../../../host/http/outgoing-body.ts';
import { ResponseOutparam } from '../../../host/http/response-outparam.ts';
import { bytes, rejection, text, thrown } from '../streams.ts';
import { answer, responseWith, setup } from './exchange-setup.ts';

function writeAll(body: OutgoingBody, content: string, finish = true): void {
  const stream = body.write();
  stream.blockingWriteAndFlush(bytes(content));
  stream[Symbol.dispose]();
  if (finish) OutgoingBody.finish(body, undefined);
}

describe('the response', () => {
  test('may be written and finished before it is set, without a reader', () => {
    const { exchange, sink } = setup({}, 8);
    const response = responseWith(['content-type', 'application/json']);
    response.setStatusCode(201);
    writeAll(response.body(), 'x'.repeat(100_000));
    expect(sink.chunks).toEqual([]);
    answer(exchange, response);
    expect(sink.status).toBe(201);
    expect(sink.headers?.map(([name]) => name)).toEqual(['content-type']);
    expect(text(sink.chunks)).toHaveLength(100_000);
    expect(sink.ended).toBe(true);
    expect(exchange.outcome()).toEqual({ kind: 'answered' });
  });

  test('streams after it was set, as fast as the reader takes it', async () => {
    const { exchange, sink } = setup({}, 4);
    const response = responseWith();
    const body = response.body();
    const stream = body.write();
    answer(exchange, response);
    expect(sink.status).toBe(200);
    const written = stream.blockingWriteAndFlush(bytes('event1'));
    expect(text(sink.chunks)).toBe('even');
    expect(sink.ended).toBe(false);
    expect(exchange.outcome()).toEqual({ kind: 'unfinished' });
    sink.drain();
    await written;
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, Fields.fromList([['x-sum', bytes('6')]]));
    expect(text(sink.chunks)).toBe('event1');
    expect(sink.ended).toBe(true);
    expect(sink.trailers?.map(([name, value]) => `${name}=${text(value)}`)).toEqual(['x-sum=6']);
    expect(exchange.outcome()).toEqual({ kind: 'answered' });
  });

  test('can be sent without a body', () => {
    const { exchange, sink } = setup();
    const response = responseWith();
    response.setStatusCode(202);
    answer(exchange, response);
    expect(sink).toMatchObject({ status: 202, ended: true, chunks: [] });
    expect(exchange.outcome()).toEqual({ kind: 'answered' });
  });

  test('returns its body and its stream once; the body is finished after its stream', () => {
    const response = responseWith();
    const body = response.body();
    expect(thrown(() => response.body())).toBeUndefined();
    const stream = body.write();
    expect(thrown(() => body.write())).toBeUndefined();
    expect(() => OutgoingBody.finish(body, undefined)).toThrow(WebAssembly.RuntimeError);
    stream[Symbol.dispose]();
    expect(() => OutgoingBody.finish(body, undefined)).not.toThrow();
  });

  test('has immutable headers, and a status from 200 to 599', () => {
    const response = responseWith(['a', '1']);
    expect(thrown(() => response.headers().delete('a'))).toEqual({ tag: 'immutable' });
    for (const status of [0, 100, 199, 600, 65535]) {
      expect(thrown(() => response.setStatusCode(status))).toBeUndefined();
    }
    expect(response.statusCode()).toBe(200);
  });

  test('can be set once', () => {
    const { exchange, sink } = setup();
    answer(exchange, responseWith());
    const second = responseWith();
    second.setStatusCode(500);
    expect(() => answer(exchange, second)).toThrow(WebAssembly.RuntimeError);
    expect(sink.status).toBe(200);
  });

  test('can be an error-code', () => {
    const { exchange, sink } = setup();
    const code = { tag: 'internal-error', val: 'no luck' };
    ResponseOutparam.set(exchange.responseOut, { tag: 'err', val: code });
    expect(sink.code).toEqual(code);
    expect(sink.status).toBeUndefined();
    expect(exchange.outcome()).toEqual({ kind: 'refused', code });
  });

  test('that was never set is reported', () => {
    const { exchange, guest, sink } = setup();
    guest.release();
    expect(exchange.outcome()).toEqual({ kind: 'unanswered' });
    expect(sink).toMatchObject({ status: undefined, ended: false });
  });

  test('with a body that was dropped or never finished is aborted, never ended', () => {
    const dropped = setup();
    const response = responseWith();
    const body = response.body();
    answer(dropped.exchange, response);
    writeAll(body, 'half', false);
    body[Symbol.dispose]();
    expect(dropped.sink).toMatchObject({ aborted: true, ended: false });
    expect(dropped.exchange.outcome()).toEqual({ kind: 'unfinished' });

    const early = setup();
    const broken = responseWith();
    const lost = broken.body();
    writeAll(lost, 'half', false);
    lost[Symbol.dispose]();
    answer(early.exchange, broken);
    expect(early.sink).toMatchObject({ aborted: true, ended: false });

    const forgotten = setup();
    const open = responseWith();
    open.body();
    answer(forgotten.exchange, open);
    forgotten.guest.release();
    expect(forgotten.sink).toMatchObject({ aborted: true, ended: false });
    expect(forgotten.exchange.outcome()).toEqual({ kind: 'unfinished' });
  });

  test('that is complete stays complete when the request is released', () => {
    const { exchange, guest, sink } = setup();
    const response = responseWith();
    writeAll(response.body(), 'all');
    answer(exchange, response);
    guest.release();
    expect(sink).toMatchObject({ aborted: false, ended: true });
  });

  test('fails as closed after the client disconnected, and can still be finished', async () => {
    const { exchange, sink } = setup({}, 2);
    const response = responseWith();
    const body = response.body();
    const stream = body.write();
    answer(exchange, response);
    const written = stream.blockingWriteAndFlush(bytes('event'));
    sink.close();
    expect(await rejection(written)).toEqual({ tag: 'closed' });
    stream[Symbol.dispose]();
    expect(() => OutgoingBody.finish(body, undefined)).not.toThrow();
  });

  test('of any size has its chunks in the order in which they were written before it was set', () => {
    const { exchange, sink } = setup({}, 8);
    const response = responseWith();
    const body = response.body();
    const stream = body.write();
    const sizes = [...Array<number>(16).fill(65_536), 10_240, 65_536, 5000, 70_000, 100];
    const chunks = sizes.map((size, number) => new Uint8Array(size).fill(number));
    const whole = Buffer.concat(chunks);
    for (const chunk of chunks) stream.blockingWriteAndFlush(chunk);
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
    answer(exchange, response);
    expect(Buffer.concat(sink.chunks).equals(whole)).toBe(true);
  });

  test('larger than 64 MiB before it is set fails instead of waiting forever', () => {
    const response = responseWith();
    const stream = response.body().write();
    const megabyte = (): Uint8Array => new Uint8Array(1024 * 1024);
    for (let i = 0; i < 63; i += 1) stream.blockingWriteAndFlush(megabyte());
    expect(thrown(() => stream.blockingWriteAndFlush(megabyte()))).toMatchObject({
      tag: 'last-operation-failed',
    });
    expect(thrown(() => stream.checkWrite())).toEqual({ tag: 'closed' });
  });
});

describe('a Content-Length', () => {
  test('that is exceeded fails the write, and nothing beyond it leaves', () => {
    const { exchange, sink } = setup();
    const response = responseWith(['Content-Length', '3']);
    const body = response.body();
    answer(exchange, response);
    const stream = body.write();
    stream.blockingWriteAndFlush(bytes('abc'));
    expect(thrown(() => stream.blockingWriteAndFlush(bytes('d')))).toMatchObject({
      tag: 'last-operation-failed',
    });
    stream[Symbol.dispose]();
    expect(thrown(() => OutgoingBody.finish(body, undefined))).toEqual({
      tag: 'HTTP-response-body-size',
      val: 4n,
    });
    expect(text(sink.chunks)).toBe('abc');
    expect(sink).toMatchObject({ aborted: true, ended: false });
    expect(exchange.outcome()).toEqual({ kind: 'unfinished' });
  });

  test('that is not reached fails the finish', () => {
    const { exchange, sink } = setup();
    const response = responseWith(['content-length', '5']);
    const body = response.body();
    answer(exchange, response);
    writeAll(body, 'abc', false);
    expect(thrown(() => OutgoingBody.finish(body, undefined))).toEqual({
      tag: 'HTTP-response-body-size',
      val: 3n,
    });
    expect(sink).toMatchObject({ aborted: true, ended: false });
  });

  test('that is met is accepted, also if it is repeated', () => {
    const { exchange, sink } = setup();
    const response = responseWith(['content-length', '3'], ['content-length', '3']);
    writeAll(response.body(), 'abc');
    answer(exchange, response);
    expect(sink.ended).toBe(true);
  });

  const lengths = [['x'], ['-1'], ['1.5'], ['3', '4'], ['99999999999999999999'], ['']];
  test.each(lengths.map((values) => ({ values })))(
    'of $values allows no body and is not sent',
    ({ values }) => {
      const { exchange, sink } = setup();
      const response = responseWith(...values.map((value): [string, string] => ['content-length', value]));
      expect(thrown(() => response.body())).toBeUndefined();
      answer(exchange, response);
      expect(sink.status).toBeUndefined();
      expect(exchange.outcome()).toMatchObject({ kind: 'refused' });
    },
  );

  test('without a body is only sent in response to HEAD and with 304', () => {
    const get = setup({ method: 'GET' });
    answer(get.exchange, responseWith(['content-length', '5']));
    expect(get.sink.status).toBeUndefined();
    expect(get.exchange.outcome().kind).toBe('refused');
    const head = setup({ method: 'HEAD' });
    answer(head.exchange, responseWith(['content-length', '5']));
    expect(head.sink).toMatchObject({ status: 200, ended: true });
    const unchanged = setup({ method: 'GET' });
    const response = responseWith(['content-length', '5']);
    response.setStatusCode(304);
    answer(unchanged.exchange, response);
    expect(unchanged.sink).toMatchObject({ status: 304, ended: true });
  });
});
