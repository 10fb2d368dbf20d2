import type { MessagePort } from 'node:worker_threads';
import type { FromWorker } from '../protocol.ts';

/**
 * Messages leave together, because each post wakes the main thread: at the latest when the event loop turns, and with
 * word that a guest is done. What can be collected is bounded by the windows of the bodies and by the budget for output.
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
  let scheduled: NodeJS.Immediate | undefined;

  function flush(): void {
    if (batch.length === 0) return;
    clearImmediate(scheduled);
    port.postMessage(batch, memory);
    batch = [];
    memory = [];
  }

  function post(message: FromWorker): void {
    if (batch.length === 0) scheduled = setImmediate(flush);
    batch.push(message);
    if (message.type === 'done') flush();
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
