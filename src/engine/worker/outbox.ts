import type { MessagePort } from 'node:worker_threads';
import type { FromWorker } from '../protocol.ts';

/**
 * Messages collected in one turn leave in one post: a whole small answer costs one wake-up of the main thread. What
 * one turn can collect is bounded by the windows of the bodies and by the budget for output.
 */
export interface Outbox {
  post(message: FromWorker): void;
  /** Sends it and everything before it now: a guest that spins gives no other chance. */
  postNow(message: FromWorker): void;
  flush(): void;
}

export function createOutbox(port: Pick<MessagePort, 'postMessage'>): Outbox {
  let batch: FromWorker[] = [];
  let memory: ArrayBuffer[] = [];

  function flush(): void {
    if (batch.length === 0) return;
    port.postMessage(batch, memory);
    batch = [];
    memory = [];
  }

  function post(message: FromWorker): void {
    if (batch.length === 0) queueMicrotask(flush);
    batch.push(message);
    if (message.type !== 'chunk') return;
    const { buffer, byteLength } = message.bytes;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) memory.push(buffer);
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
