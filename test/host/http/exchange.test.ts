import { describe, expect, test } from 'vitest';
import { Fields } from '../../../host/http/fields.ts';
import { IncomingBody } from '../../../host/http/incoming-body.ts';
import { bytes, text, thrown } from '../streams.ts';
import { answer, responseWith, setup } from './exchange-setup.ts';

describe('the request', () => {
  test('shows its head', () => {
    const { exchange } = setup({ headers: [['X-A', bytes('1')]] });
    const { request } = exchange;
    expect(request.method()).toEqual({ tag: 'post' });
    expect(request.scheme()).toEqual({ tag: 'HTTP' });
    expect(request.authority()).toBe('localhost:8080');
    expect(request.pathWithQuery()).toBe('/mcp?a=1');
    expect(request.headers().get('x-a').map(text)).toEqual(['1']);
    expect(thrown(() => request.headers().append('b', bytes('2')))).toEqual({ tag: 'immutable' });
  });

  test('keeps the case of unknown methods', () => {
    expect(setup({ method: 'PURGE' }).exchange.request.method()).toEqual({ tag: 'other', val: 'PURGE' });
    expect(setup({ method: 'get' }).exchange.request.method()).toEqual({ tag: 'other', val: 'get' });
  });

  test('hides the fields of the connection, so that the rest can be forwarded', () => {
    const names = ['Host', 'Connection', 'transfer-encoding', 'accept', 'content-length'];
    const { exchange } = setup({ headers: names.map((name) => [name, bytes('1')]) });
    const entries = exchange.request.headers().entries();
    expect(entries.map(([name]) => name)).toEqual(['accept', 'content-length']);
    expect(() => Fields.fromList(entries)).not.toThrow();
  });

  test('returns its body, its stream, and the trailers at the end, each once', async () => {
    const { exchange, source } = setup();
    const body = exchange.request.consume();
    expect(thrown(() => exchange.request.consume())).toBeUndefined();
    const stream = body.stream();
    expect(thrown(() => body.stream())).toBeUndefined();
    source.push('hello');
    expect(text(stream.read(99n))).toBe('hello');
    expect(() => IncomingBody.finish(body)).toThrow(WebAssembly.RuntimeError);
    stream[Symbol.dispose]();

    const trailers = IncomingBody.finish(body);
    expect(trailers.get()).toBeUndefined();
    const ready = trailers.subscribe().block();
    source.end([['x-sum', bytes('42')]]);
    await ready;
    const got = trailers.get() as { tag: 'ok'; val: { tag: 'ok'; val: Fields } };
    expect(got.val.val.get('x-sum').map(text)).toEqual(['42']);
    expect(trailers.get()).toEqual({ tag: 'err', val: undefined });
  });

  test('returns no trailers if there are none, and an error-code if the body failed', () => {
    const complete = setup();
    complete.source.end();
    expect(IncomingBody.finish(complete.exchange.request.consume()).get()).toEqual({
      tag: 'ok',
      val: { tag: 'ok', val: undefined },
    });
    const broken = setup();
    broken.source.fail({ message: 'gone', http: { tag: 'HTTP-request-body-size', val: 5n } });
    expect(IncomingBody.finish(broken.exchange.request.consume()).get()).toEqual({
      tag: 'ok',
      val: { tag: 'err', val: { tag: 'HTTP-request-body-size', val: 5n } },
    });
  });

  test('cancels a body that the guest drops', () => {
    const dropped = setup();
    dropped.exchange.request[Symbol.dispose]();
    expect(dropped.source.cancelled).toBe(true);
    const consumed = setup();
    const body = consumed.exchange.request.consume();
    consumed.exchange.request[Symbol.dispose]();
    expect(consumed.source.cancelled).toBe(false);
    body[Symbol.dispose]();
    expect(consumed.source.cancelled).toBe(true);
    const forgotten = setup();
    forgotten.guest.release();
    expect(forgotten.source.cancelled).toBe(true);
  });
});

test('an ended guest can neither respond nor read nor finish', () => {
  const { exchange, guest, sink } = setup();
  const response = responseWith();
  const body = response.body();
  guest.end('out of time');
  expect(() => answer(exchange, response)).toThrow('out of time');
  expect(() => exchange.request.consume()).toThrow('out of time');
  expect(sink.status).toBeUndefined();
  body[Symbol.dispose]();
});
