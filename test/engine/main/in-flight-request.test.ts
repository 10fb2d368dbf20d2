import { expect, test } from 'vitest';
import { createInFlightRequest } from '../../../src/engine/main/in-flight-request.ts';
import type { ToWorker } from '../../../src/engine/protocol/messages.ts';
import type { UploadReceiver } from '../../../src/http/handler.ts';

/** A request with a streamed body, and the messages that two workers get. */
function uploading() {
  let receiver: UploadReceiver | undefined;
  let starts = 0;
  const body = {
    start(to: UploadReceiver) {
      receiver = to;
      starts += 1;
    },
    resume() {},
    stop() {},
  };
  const target = { head() {}, chunk() {}, end() {}, fail() {}, finished() {} };
  const head = {
    method: 'POST',
    scheme: 'http',
    authority: 'a',
    path: '/',
    headers: [],
    receivedAt: 0,
  } as const;
  const exchange = createInFlightRequest(7, { ...head, headers: [], body }, target, () => {});
  const worker = (): { said: string[]; post: (message: ToWorker, transfer?: ArrayBuffer[]) => void } => {
    const said: string[] = [];
    return {
      said,
      post(message, transfer = []) {
        const { type, ...rest } = structuredClone(message, { transfer });
        said.push('bytes' in rest ? `${type} ${Buffer.from(rest.bytes as Uint8Array)}` : type);
      },
    };
  };
  return {
    exchange,
    worker,
    receive: (text: string) => receiver!.data(Buffer.from(text)),
    end: () => receiver!.end([]),
    starts: () => starts,
  };
}

test('a request that a worker has not begun moves to the next one with its body', () => {
  const { exchange, worker, receive, end, starts } = uploading();
  const [first, second] = [worker(), worker()];
  exchange.start(first.post);
  receive('one');
  exchange.withdraw();
  receive('two');
  exchange.start(second.post);
  receive('three');
  end();
  expect(first.said).toEqual(['request', 'body one']);
  expect(second.said).toEqual(['request', 'body one', 'body two', 'body three', 'body-end']);
  expect(starts()).toBe(1);
});

test('a body is kept for another worker until this one has begun, up to a window', () => {
  const { exchange, worker, receive } = uploading();
  const { said, post } = worker();
  exchange.start(post);
  while (receive('x'.repeat(64 * 1024)));
  expect(said.length).toBe(5);
  exchange.receive({ type: 'taken', id: 7, bytes: 64 * 1024 });
  receive('more');
  exchange.start(post);
  expect(said.slice(5)).toEqual(['body more', 'request']);
});

test('buffers are freed once the worker has begun, or when the client is gone', () => {
  const { exchange, worker, receive } = uploading();
  const kept: ArrayBuffer[] = [];
  const { post } = worker();
  exchange.start((message, transfer) => {
    if (message.type === 'body') kept.push(message.bytes.buffer as ArrayBuffer);
    post(message, transfer);
  });
  receive('x'.repeat(64 * 1024));
  exchange.receive({ type: 'taken', id: 7, bytes: 64 * 1024 });
  exchange.gone();
  const late = new Uint8Array(64 * 1024);
  exchange.receive({ type: 'chunk', id: 7, bytes: late });
  expect(kept.map(({ detached }) => detached)).toEqual([true]);
  expect(late.buffer.detached).toBe(true);
});
