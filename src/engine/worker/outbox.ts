import { type FromWorker, SMALL } from '../protocol/messages.ts';

/**
 * Posts messages in batches, because each post wakes the main thread. A batch is posted in the next turn of the event loop at
 * the latest, and when a guest is done. The windows of the bodies and the budget for output limit its size.
 */
export interface Outbox {
  post(message: FromWorker): void;
  /** Sends it and everything before it now: a guest that spins leaves no other opportunity. */
  postNow(message: FromWorker): void;
  flush(): void;
}

/** Where messages of guests go. */
export interface GuestPort {
  postMessage(batch: FromWorker[], transfer: ArrayBuffer[]): void;
  /** Nothing follows: everything is closed. */
  close(): void;
}

export function createOutbox(port: Pick<GuestPort, 'postMessage'>): Outbox {
  let batch: FromWorker[] = [];
  let memory: ArrayBuffer[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  function flush(): void {
    if (batch.length === 0) return;
    clearImmediate(scheduled);
    const answer = asAnswer(batch);
    if (answer === undefined) port.postMessage(batch, memory);
    else port.postMessage([answer], []);
    batch = [];
    memory = [];
  }

  function post(message: FromWorker): void {
    if (batch.length === 0) scheduled = setImmediate(flush);
    batch.push(message);
    if (message.type === 'done') flush();
    if (message.type !== 'chunk' && message.type !== 'output') return;
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

/** Combines the batch into one message if it is exactly one small response, which is the common case. */
function asAnswer(batch: readonly FromWorker[]): FromWorker | undefined {
  const [head, second] = batch;
  if (head?.type !== 'head') return undefined;
  const chunk = second?.type === 'chunk' && second.id === head.id ? second.bytes : undefined;
  const rest = chunk === undefined ? 1 : 2;
  const end = batch[rest];
  const done = batch[rest + 1];
  if (batch.length !== rest + 2) return undefined;
  if (end?.type !== 'end' || end.id !== head.id || end.trailers.length > 0) return undefined;
  if (done?.type !== 'done' || done.id !== head.id || done.failure !== undefined) return undefined;
  if (chunk !== undefined && chunk.byteLength > SMALL) return undefined;
  const { id, status, headers } = head;
  const answer = { type: 'answer', id, status, headers, body: latin1(chunk) } as const;
  return done.usage === undefined ? answer : { ...answer, usage: done.usage };
}

function latin1(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
