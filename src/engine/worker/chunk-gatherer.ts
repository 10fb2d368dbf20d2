import { type FromWorker, SMALL } from '../protocol/messages.ts';

type Chunk = FromWorker & { readonly type: 'chunk' };

/**
 * Makes one chunk of small ones that follow each other in a batch: a guest that writes its response byte by byte would keep the
 * main thread busy with as many messages as the window of a body has bytes.
 */
export interface ChunkGatherer {
  /** Returns true if the message became a part of the last one of the batch, which is complete only after `settle`. */
  add(batch: readonly FromWorker[], message: FromWorker): boolean;
  settle(batch: FromWorker[]): void;
}

export function createChunkGatherer(): ChunkGatherer {
  /** The last chunk and those after it; with room for more, so that each byte is copied only a few times. */
  let gathered = new Uint8Array(0);
  let length = 0;

  function append(bytes: Uint8Array): void {
    if (length + bytes.length > gathered.length) {
      const larger = new Uint8Array(2 * (length + bytes.length));
      larger.set(gathered.subarray(0, length));
      gathered = larger;
    }
    gathered.set(bytes, length);
    length += bytes.length;
  }

  return {
    add(batch, message) {
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
  };
}
