import { describe, expect, test } from 'vitest';
import { Fields } from '../../../host/http/fields.ts';
import {
  FutureIncomingResponse,
  type IncomingResponse,
  type PendingResponse,
} from '../../../host/http/incoming-response.ts';
import { OutgoingBody } from '../../../host/http/outgoing-body.ts';
import { OutgoingRequest } from '../../../host/http/outgoing-request.ts';
import { createHost, Guest, Signal } from '../../../host/index.ts';
import { bytes, testSink, testSource, text, thrown } from '../streams.ts';

const request = (): OutgoingRequest => new OutgoingRequest(new Fields());

describe('outgoing-request', () => {
  test('is a GET without a destination by default', () => {
    const fresh = request();
    expect(fresh.method()).toEqual({ tag: 'get' });
    expect([fresh.scheme(), fresh.authority(), fresh.pathWithQuery()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each(['example.com', 'example.com:8080', '127.0.0.1:1', '[::1]:80', 'xn--bcher-kva.example'])(
    'accepts the authority %j',
    (authority) => {
      const it = request();
      it.setAuthority(authority);
      expect(it.authority()).toBe(authority);
    },
  );

  test.each([
    '',
    'a b',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    'a\r\nb',
    'user:pass@a',
    'user@a',
    'a:999999',
    'a:b',
    '[::1',
    'a%0',
  ])('refuses the authority %j', (authority) => {
    const it = request();
    expect(thrown(() => it.setAuthority(authority))).toBeUndefined();
    expect(it.authority()).toBeUndefined();
  });

  test.each(['/', '/a/b?c=d&e', '/a%20b', '/[x]', '?q', '', '*'])('accepts the path %j', (path) => {
    const it = request();
    it.setPathWithQuery(path);
    expect(it.pathWithQuery()).toBe(path);
  });

  test.each(['a', '/a b', '/a\r\nHost: b', '/a#b', '/a\0', '/\x7f', 'http://a/'])(
    'refuses the path %j',
    (path) => {
      expect(thrown(() => request().setPathWithQuery(path))).toBeUndefined();
    },
  );

  test('accepts methods and schemes that are tokens', () => {
    const it = request();
    it.setMethod({ tag: 'other', val: 'PURGE' });
    it.setScheme({ tag: 'other', val: 'coap+tcp' });
    for (const val of ['', 'GET /', 'A\r\nB', 'Ä']) {
      expect(thrown(() => it.setMethod({ tag: 'other', val }))).toBeUndefined();
      expect(thrown(() => it.setScheme({ tag: 'other', val }))).toBeUndefined();
    }
    expect(it.method()).toEqual({ tag: 'other', val: 'PURGE' });
    expect(it.scheme()).toEqual({ tag: 'other', val: 'coap+tcp' });
    it.setScheme(undefined);
    expect(it.scheme()).toBeUndefined();
  });

  test('fails with an error-code of requests for a body of the wrong length', () => {
    const it = new OutgoingRequest(Fields.fromList([['content-length', bytes('3')]]));
    const body = it.body();
    expect(thrown(() => it.body())).toBeUndefined();
    const sink = testSink();
    OutgoingBody.send(body, new Guest(), sink);
    expect(thrown(() => OutgoingBody.finish(body, undefined))).toEqual({
      tag: 'HTTP-request-body-size',
      val: 0n,
    });
    expect(sink.aborted).toBe(true);
  });

  test('is denied without a network', () => {
    const io = { stdout: testSink(), stderr: testSink() };
    const handler = createHost().bind(new Guest(), io)('wasi:http/outgoing-handler@0.2.6') as {
      handle(request: OutgoingRequest, options: undefined): unknown;
    };
    expect(thrown(() => handler.handle(request(), undefined))).toEqual({ tag: 'HTTP-request-denied' });
  });
});

describe('future-incoming-response', () => {
  function pending(): PendingResponse & { outcome: PendingResponse['outcome']; cancelled: boolean } {
    return {
      outcome: undefined,
      changed: new Signal(),
      cancelled: false,
      cancel() {
        this.cancelled = true;
      },
    };
  }

  test('returns the response once, when it has arrived', async () => {
    const coming = pending();
    const future = new FutureIncomingResponse(new Guest(), coming);
    expect(future.get()).toBeUndefined();
    const blocked = future.subscribe().block();
    const body = testSource();
    body.push('hi');
    coming.outcome = {
      head: {
        status: 418,
        headers: [
          ['a', bytes('1')],
          ['connection', bytes('close')],
        ],
      },
      body,
    };
    coming.changed.wake();
    await blocked;
    const got = future.get() as { val: { val: IncomingResponse } };
    const response = got.val.val;
    expect(response.status()).toBe(418);
    expect(
      response
        .headers()
        .entries()
        .map(([name]) => name),
    ).toEqual(['a']);
    expect(text(response.consume().stream().read(9n))).toBe('hi');
    expect(thrown(() => response.consume())).toBeUndefined();
    expect(future.get()).toEqual({ tag: 'err', val: undefined });
    future[Symbol.dispose]();
    expect(coming.cancelled).toBe(false);
  });

  test('returns the error once; dropping the future before cancels the request', () => {
    const coming = pending();
    const future = new FutureIncomingResponse(new Guest(), coming);
    coming.outcome = { error: { tag: 'connection-refused' } };
    expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'connection-refused' } } });
    const dropped = pending();
    new FutureIncomingResponse(new Guest(), dropped)[Symbol.dispose]();
    expect(dropped.cancelled).toBe(true);
  });
});
