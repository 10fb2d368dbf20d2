import { expect, test } from 'vitest';
import { InFlightRequest } from '../../../src/engine/main/in-flight-request.ts';
import type { ToWorker } from '../../../src/engine/protocol/messages.ts';
import type { UploadReceiver } from '../../../src/http/handler.ts';

/** How long requests may take is the dispatcher's affair. */
const deadline = { restart() {}, cancel() {} };

/** A request with a streamed body, and the messages that a worker gets. */
function uploading() {
  let receiver: UploadReceiver | undefined;
  let resumed = 0;
  const body = {
    start(to: UploadReceiver) {
      receiver = to;
    },
    resume() {
      resumed += 1;
    },
    stop() {},
  };
  const target = { head() {}, chunk() {}, end() {}, fail() {}, finished() {} };
  const head = { method: 'POST', scheme: 'http', authority: 'a', path: '/', receivedAt: 0 } as const;
  const request = new InFlightRequest(7, { ...head, headers: [], body }, target, deadline, () => {});
  const said: string[] = [];
  request.start((message: ToWorker, transfer: ArrayBuffer[] = []) => {
    const { type, ...rest } = structuredClone(message, { transfer });
    said.push('bytes' in rest ? `${type} ${Buffer.from(rest.bytes as Uint8Array)}` : type);
  }, 0);
  return {
    request,
    said,
    receive: (text: string) => receiver!.data(Buffer.from(text)),
    end: () => receiver!.end([]),
    resumed: () => resumed,
  };
}

test('a body is sent as it arrives', () => {
  const { request, said, receive, end } = uploading();
  receive('one');
  expect(request.arriving).toBe(true);
  receive('two');
  end();
  expect(said).toEqual(['request', 'body one', 'body two', 'body-end']);
  expect(request.arriving).toBe(false);
});

test('a body is sent at most a window ahead of the guest', () => {
  const { request, said, receive, resumed } = uploading();
  while (receive('x'.repeat(64 * 1024)));
  expect(said.length).toBe(5);
  request.receive({ type: 'taken', id: 7, bytes: 64 * 1024 });
  expect(resumed()).toBe(1);
  receive('more');
  expect(said.slice(5)).toEqual(['body more']);
});

test('nothing more is sent once the guest is finished', () => {
  const { request, said, receive, end } = uploading();
  request.finish();
  expect(receive('x')).toBe(true);
  end();
  request.gone();
  expect(said).toEqual(['request']);
});

test('a chunk for a client that has gone is freed', () => {
  const { request } = uploading();
  request.gone();
  const late = new Uint8Array(64 * 1024);
  request.receive({ type: 'chunk', id: 7, bytes: late });
  expect(late.buffer.detached).toBe(true);
});

test('a guest that has finished gets no message about its response', () => {
  const said: string[] = [];
  const target = {
    head() {},
    chunk: (bytes: Uint8Array, acknowledged: (bytes: number) => void) => acknowledged(bytes.length),
    end() {},
    fail() {},
    finished() {},
  };
  const head = { method: 'GET', scheme: 'http', authority: 'a', path: '/', receivedAt: 0 } as const;
  const request = new InFlightRequest(
    7,
    { ...head, headers: [], body: undefined },
    target,
    deadline,
    () => {},
  );
  request.start(({ type }) => said.push(type), 0);
  const unused = { isIndependent: false, usage: undefined, instances: undefined };
  request.receive({ type: 'answer', id: 7, status: 200, headers: [], body: 'all of it', ...unused });
  expect(request.phase).toBe('over');
  expect(said).toEqual(['request']);
});
