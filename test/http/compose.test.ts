import { expect, test } from 'vitest';
import { WasmcpError } from '../../host/index.ts';
import { compose, type Middleware } from '../../src/http/compose.ts';
import type { GuestRequest, Handler } from '../../src/http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../src/http/response.ts';

const REQUEST: GuestRequest = {
  ...{ method: 'GET', scheme: 'http', authority: 'a', path: '/' },
  ...{ headers: [], body: undefined, receivedAt: 0 },
};

function writer(calls: string[]): ResponseWriter {
  return {
    head: (status) => calls.push(`head ${status}`),
    chunk: (bytes, acknowledged) => acknowledged(calls.push(`chunk ${bytes.length}`)),
    end: () => calls.push('end'),
    fail: ({ code }) => calls.push(`fail ${code}`),
    finished: () => calls.push('finished'),
  };
}

test('a request passes the stages in their order, its response in the opposite one', () => {
  const calls: string[] = [];
  const stage =
    (name: string): Middleware =>
    (next) =>
    (request, target) => {
      calls.push(`in ${name}`);
      const end = (trailers: string[]): void => {
        calls.push(`out ${name}`);
        target.end(trailers);
      };
      return next(request, wrapResponse(target, { end }));
    };
  const handler: Handler = (_, target) => {
    target.end([]);
    return { cancel: () => calls.push('cancel'), stop() {} };
  };
  compose(stage('first'), stage('second'))(handler)(REQUEST, writer(calls)).cancel();
  expect(calls).toEqual(['in first', 'in second', 'out second', 'out first', 'end', 'cancel']);
});

test('without a stage the handler remains', () => {
  const handler: Handler = () => ({ cancel() {}, stop() {} });
  expect(compose()(handler)).toBe(handler);
});

test('a wrapped response forwards every method that is not overridden', () => {
  const calls: string[] = [];
  const wrapped = wrapResponse(writer(calls), { head: () => calls.push('mine') });
  wrapped.head(200, []);
  wrapped.chunk(new Uint8Array(3), () => {});
  wrapped.end([]);
  wrapped.fail(new WasmcpError('server-closing', 'x'));
  wrapped.finished();
  expect(calls).toEqual(['mine', 'chunk 3', 'end', 'fail server-closing', 'finished']);
});
