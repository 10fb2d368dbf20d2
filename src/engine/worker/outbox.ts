import type { MessagePort } from 'node:worker_threads';
import type { FromWorker } from '../protocol.ts';

/** Messages collected in one turn leave in one post: a whole small answer costs one wake-up of the main thread. */
export interface Outbox {
  post(message: FromWorker): void;
  /** Sends it and everything before it now: a guest that spins gives no other chance. */
  postNow(message: FromWorker): void;
  flush(): void;
}

/** A turn that writes this much without ever waiting sends what it has. */
const BATCH_BYTES = 256 * 1024;

export function createOutbox(port: Pick<MessagePort, 'postMessage'>): Outbox {
  let batch: FromWorker[] = [];
  let memory: ArrayBuffer[] = [];
  let bytes = 0;

  function flush(): void {
    if (batch.length === 0) return;
    port.postMessage(batch, memory);
    batch = [];
    memory = [];
    bytes = 0;
  }

  function post(message: FromWorker): void {
    if (batch.length === 0) queueMicrotask(flush);
    batch.push(message);
    if (message.type !== 'chunk') return;
    const { buffer, byteLength } = message.bytes;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) memory.push(buffer);
    bytes += byteLength;
    if (bytes >= BATCH_BYTES) flush();
  }

  return {
    flush,
    post,
    postNow(message) {
      post(message);
      flush();
    },
  };
}
