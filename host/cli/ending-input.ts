import type { ByteSource } from '../io/source.ts';

/** Number of reads beyond the end that fail with `closed`; the next one traps. */
const CLOSED_READS = 100;

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Standard input of a program: the same bytes, with an end that also stops guests that do not check for it.
 *
 * The first read beyond the last byte returns an empty list, which some guests take for the end although they retry after
 * `closed`. Later reads fail with `closed`, as the WIT demands. A program may legitimately continue to read, for example one
 * that asks ten questions; after a hundred such reads it is in a loop that nothing else would end.
 */
export function endingInput(source: ByteSource): ByteSource {
  let readsBeyond = 0;
  return {
    get changed() {
      return source.changed;
    },
    get ready() {
      return source.ready || source.state === 'ended';
    },
    get state() {
      return source.state === 'ended' && readsBeyond <= 1 ? 'open' : source.state;
    },
    get failure() {
      return source.failure;
    },
    read(max) {
      const chunk = source.read(max);
      if (chunk.length > 0 || source.state !== 'ended') return chunk;
      readsBeyond += 1;
      if (readsBeyond <= CLOSED_READS + 1) return NOTHING;
      throw new WebAssembly.RuntimeError(
        `standard input has ended, and the guest continued to read ${CLOSED_READS} times`,
      );
    },
    cancel: () => source.cancel(),
  };
}
