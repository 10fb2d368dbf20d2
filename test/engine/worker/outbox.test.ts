import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { FromWorker } from '../../../src/engine/protocol/messages.ts';
import { createOutbox, type Outbox } from '../../../src/engine/worker/outbox.ts';

/** An outbox, the batches that it has posted, and its time in milliseconds. */
function open(waiting = () => 0): {
  readonly outbox: Outbox;
  readonly posted: FromWorker[][];
  readonly clock: { now: number };
} {
  const posted: FromWorker[][] = [];
  const port = { postMessage: (batch: FromWorker[]) => void posted.push(batch) };
  const clock = { now: 0 };
  return { outbox: createOutbox(port, waiting, () => clock.now), posted, clock };
}

const id = 7;
const head: FromWorker = { type: 'head', id, status: 202, headers: ['a', 'b'] };
const chunk: FromWorker = { type: 'chunk', id, bytes: Uint8Array.of(0xe9) };
const end: FromWorker = { type: 'end', id, trailers: [] };
const used = { usage: [1.5, 3000], instances: undefined };
const done = { type: 'done' as const, id, isIndependent: true, failure: undefined, ...used };

test.each([
  { type: 'chunk' as const, id, bytes: new Uint8Array(100_000) },
  { type: 'output' as const, stream: 'stdout' as const, bytes: new Uint8Array(100_000) },
])('$type: its memory moves to the main thread, and leaves no garbage', async (message) => {
  const { port1, port2 } = new MessageChannel();
  const outbox = createOutbox(port1 as unknown as MessagePort, () => 0);
  outbox.post(message);
  outbox.flush();
  port2.close();
  expect(message.bytes.byteLength).toBe(0);
});

test.each([
  ['with a body', [head, chunk, end, done], '\u00e9'],
  ['without a body', [head, end, done], ''],
])('posts a small response %s as one message', (_, messages, body) => {
  const { outbox, posted } = open();
  for (const message of messages) outbox.post(message);
  expect(posted).toEqual([
    [{ type: 'answer', id, status: 202, headers: ['a', 'b'], body, isIndependent: true, ...used }],
  ]);
});

test('small chunks of a response that follow each other become one', () => {
  const { outbox, posted } = open();
  const chunks = (id: number, ...numbers: number[]): FromWorker[] =>
    numbers.map((number) => ({ type: 'chunk', id, bytes: Uint8Array.of(number) }));
  const parts = [...chunks(id, 1, 2, 3), ...chunks(8, 4, 5), ...chunks(id, 6)];
  for (const message of [head, ...parts]) outbox.post(message);
  outbox.flush();
  const bytes = (of: number, ...numbers: number[]) => ({
    type: 'chunk',
    id: of,
    bytes: Uint8Array.of(...numbers),
  });
  expect(posted).toEqual([[head, bytes(id, 1, 2, 3), bytes(8, 4, 5), bytes(id, 6)]]);
});

test('a guest that writes single bytes sends few messages, and each in memory of its own', () => {
  const { outbox, posted } = open();
  const written = Array.from({ length: 200_000 }, (_, at) => at % 251);
  for (const byte of written) outbox.post({ type: 'chunk', id, bytes: Uint8Array.of(byte) });
  outbox.flush();
  const [batch = []] = posted;
  expect(batch.length).toBeLessThan(20);
  const bytes = batch.map((message) => (message as { bytes: Uint8Array }).bytes);
  expect(Buffer.concat(bytes).equals(Uint8Array.from(written))).toBe(true);
  for (const { buffer, byteLength } of bytes) expect(buffer.byteLength).toBe(byteLength);
});

test('reports of what was read become one for each body, also between chunks of the response', () => {
  const { outbox, posted } = open();
  const taken = (of: number, bytes: number): FromWorker => ({ type: 'taken', id: of, bytes });
  for (const message of [head, taken(id, 1), chunk, taken(id, 2), chunk, taken(8, 3), taken(8, 4)])
    outbox.post(message);
  outbox.flush();
  outbox.post(taken(8, 5));
  outbox.flush();
  const bytes = Uint8Array.of(0xe9, 0xe9);
  expect(posted).toEqual([[head, taken(id, 3), { ...chunk, bytes }, taken(8, 7)], [taken(8, 5)]]);
});

test('a small response in two chunks is posted as one message, too', () => {
  const { outbox, posted } = open();
  for (const message of [head, chunk, chunk, end, done]) outbox.post(message);
  expect(posted).toEqual([
    [
      {
        type: 'answer',
        id,
        status: 202,
        headers: ['a', 'b'],
        body: '\u00e9\u00e9',
        isIndependent: true,
        ...used,
      },
    ],
  ]);
});

test.each<[string, FromWorker[]]>([
  ['has trailers', [head, { type: 'end', id, trailers: ['a', 'b'] }, done]],
  ['failed', [head, end, { ...done, failure: { code: 'guest-trapped', message: 'x' } }]],
  ['was not ended', [head, done]],
  ['was not ended after its body', [head, chunk, done]],
  ['has a large body', [head, { type: 'chunk', id, bytes: new Uint8Array(1024 * 1024) }, end, done]],
  [
    'has two large chunks',
    [head, ...[1, 2].map(() => ({ ...chunk, bytes: new Uint8Array(10_000) })), end, done],
  ],
  ['is interleaved with another one', [head, { type: 'chunk', id: 8, bytes: new Uint8Array(1) }, end, done]],
])('posts a response as it is that %s', (_, messages) => {
  const { outbox, posted } = open();
  for (const message of messages) outbox.post(message);
  expect(posted).toEqual([messages]);
});

function respond(outbox: Outbox, id: number): void {
  outbox.post({ type: 'head', id, status: 200, headers: [] });
  outbox.post({ type: 'chunk', id, bytes: Uint8Array.of(0x61) });
  outbox.post({ type: 'end', id, trailers: [] });
  outbox.post({ ...done, id });
}

function answer(id: number): FromWorker {
  return { type: 'answer', id, status: 200, headers: [], body: 'a', isIndependent: true, ...used };
}

test('posts half of the responses while the other half is being made', () => {
  let waiting = 4;
  const { outbox, posted } = open(() => waiting);
  for (const id of [1, 2, 3, 4]) {
    waiting -= 1;
    respond(outbox, id);
  }
  expect(posted).toEqual([[answer(1), answer(2)], [answer(3)], [answer(4)]]);
});

test('posts a complete response at the end of the turn, even if messages wait', async () => {
  const { outbox, posted } = open(() => 9);
  respond(outbox, 1);
  expect(posted).toEqual([]);
  await turn();
  expect(posted).toEqual([[answer(1)]]);
});

test('does not let a complete response wait for guests that compute', () => {
  for (const [milliseconds, count] of [
    [0.4, 0],
    [0.6, 1],
  ] as const) {
    const { outbox, posted, clock } = open(() => 9);
    for (const message of [head, chunk, end]) outbox.post(message);
    clock.now = milliseconds;
    outbox.post(done);
    expect(posted).toHaveLength(count);
  }
});

test('sends a complete response before a guest computes, and leaves together what belongs together', () => {
  const { outbox, posted } = open(() => 9);
  outbox.post(head);
  outbox.flushComplete();
  expect(posted).toEqual([]);
  outbox.post(end);
  outbox.post(done);
  outbox.flushComplete();
  expect(posted).toHaveLength(1);
});
