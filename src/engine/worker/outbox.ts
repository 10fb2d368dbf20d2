import { type FromWorker, SMALL } from '../protocol/messages.ts';
import { createChunkGatherer } from './chunk-gatherer.ts';

/**
 * Posts messages in batches, because each post wakes the main thread, which costs a third of a short request. A batch is posted at
 * the end of the current turn of the event loop; earlier once it completes as many responses as there are messages that wait for
 * this thread, so that both threads have work, or when a guest is done half a millisecond after the batch was begun, or computes. The
 * windows of the bodies and the budget for output limit its size.
 */
export interface Outbox {
  post(message: FromWorker): void;
  /** Sends it and everything before it now: a guest that spins leaves no other opportunity. */
  postNow(message: FromWorker): void;
  flush(): void;
  /** Sends everything if it completes a response: a guest computes, and nothing else will run for a while. */
  flushComplete(): void;
}

/** Where messages of guests go. */
export interface GuestPort {
  postMessage(batch: FromWorker[], transfer: ArrayBuffer[]): void;
  /** Nothing follows: everything is closed. */
  close(): void;
}

/** Milliseconds for which a complete response may wait for others. */
const MAX_AGE = 0.5;

/** `waiting`: the number of messages that wait for this thread; `now`: milliseconds of any clock. */
export function createOutbox(
  port: Pick<GuestPort, 'postMessage'>,
  waiting: () => number,
  now: () => number = () => performance.now(),
): Outbox {
  let batch: FromWorker[] = [];
  /** When the batch was begun, and the number of responses that it completes. */
  let began = 0;
  let complete = 0;
  let isScheduled = false;
  const gatherer = createChunkGatherer();

  function turned(): void {
    isScheduled = false;
    flush();
  }

  function flush(): void {
    if (batch.length === 0) return;
    gatherer.settle(batch);
    port.postMessage(batch, memoryOf(batch));
    batch = [];
    complete = 0;
    gatherer.reset();
  }

  function post(message: FromWorker): void {
    if (gatherer.add(batch, message)) return;
    gatherer.settle(batch);
    if (batch.length === 0) {
      // It stays when the batch is posted earlier: to clear it and to set another costs more than to call it.
      if (!isScheduled) setImmediate(turned);
      isScheduled = true;
      began = now();
    }
    if (message.type !== 'done') batch.push(message);
    else {
      finish(batch, message);
      complete += 1;
      if (complete >= waiting() || now() - began > MAX_AGE) flush();
    }
  }

  return {
    flush,
    flushComplete() {
      if (complete > 0) flush();
    },
    post,
    postNow(message) {
      post(message);
      flush();
    },
  };
}

/** The memory that moves to the main thread with the batch. */
function memoryOf(batch: readonly FromWorker[]): ArrayBuffer[] {
  const memory: ArrayBuffer[] = [];
  for (const message of batch) {
    if (message.type !== 'chunk' && message.type !== 'output') continue;
    const { buffer, byteLength } = message.bytes;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) memory.push(buffer);
  }
  return memory;
}

/** Adds `done`. A small response at the end of the batch, which is the common case, becomes one message with it. */
function finish(batch: FromWorker[], done: FromWorker & { type: 'done' }): void {
  const { id, isIndependent, usage, instances, failure } = done;
  const end = batch.at(-1);
  const last = batch.at(-2);
  const chunk = last?.type === 'chunk' && last.id === id ? last.bytes : undefined;
  const head = chunk === undefined ? last : batch.at(-3);
  const isSmall = chunk === undefined || chunk.byteLength <= SMALL;
  const isWhole = head?.type === 'head' && head.id === id && end?.type === 'end' && end.id === id;
  if (!isWhole || !isSmall || end.trailers.length > 0 || failure !== undefined) {
    batch.push(done);
    return;
  }
  const { status, headers } = head;
  batch.length -= chunk === undefined ? 2 : 3;
  batch.push({ type: 'answer', id, status, headers, body: latin1(chunk), isIndependent, usage, instances });
}

function latin1(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
