import { type FromWorker, SMALL } from '../protocol/messages.ts';

type Chunk = FromWorker & { readonly type: 'chunk' };
type Report = FromWorker & { readonly type: 'taken' };

/**
 * Makes one message of small chunks of a response that follow each other in a batch, and of reports of how much of a body was
 * read: a guest that writes or reads single bytes would keep the main thread busy with as many messages.
 */
export interface ChunkGatherer {
  /** Returns true if the message became a part of one in the batch, which is complete only after `settle`. */
  add(batch: FromWorker[], message: FromWorker): boolean;
  settle(batch: FromWorker[]): void;
  /** The batch was posted. */
  reset(): void;
}

export function createChunkGatherer(): ChunkGatherer {
  /** The last chunk and those after it; with room for more, so that each byte is copied only a few times. */
  let gathered = new Uint8Array(0);
  let length = 0;
  /** The place of the last report in the batch. */
  let reported: number | undefined;

  function append(bytes: Uint8Array): void {
    if (length + bytes.length > gathered.length) {
      const larger = new Uint8Array(2 * (length + bytes.length));
      larger.set(gathered.subarray(0, length));
      gathered = larger;
    }
    gathered.set(bytes, length);
    length += bytes.length;
  }

  function addReport(batch: FromWorker[], { type, id, bytes }: Report): boolean {
    const before = reported === undefined ? undefined : batch[reported];
    if (before?.type === 'taken' && before.id === id) {
      batch[reported!] = { type, id, bytes: before.bytes + bytes };
      return true;
    }
    reported = batch.length;
    return false;
  }

  return {
    add(batch, message) {
      if (message.type === 'taken') return addReport(batch, message);
      if (message.type !== 'chunk') return false;
      const last = batch.at(-1);
      if (last?.type !== 'chunk' || last.id !== message.id) return false;
      const before = length > 0 ? length : last.bytes.length;
      if (before + message.bytes.length > SMALL) return false;
      if (length === 0) append(last.bytes);
      append(message.bytes);
      return true;
    },
    settle(batch) {
      if (length === 0) return;
      const { type, id } = batch.at(-1) as Chunk;
      batch[batch.length - 1] = { type, id, bytes: gathered.slice(0, length) };
      gathered = new Uint8Array(0);
      length = 0;
    },
    reset() {
      reported = undefined;
    },
  };
}
