import type { ByteSource } from '../io/source.ts';

/** Reads beyond the end that are answered with `closed`; the next one traps. */
const CLOSED_READS = 100;

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Standard input of a program: the same bytes, with an end that also stops guests that do not look for it.
 *
 * The first read beyond the last byte answers an empty list, which some guests take for the end where they take
 * `closed` for a failure to try again after. Then reads answer `closed`, as WIT wants. A program may well go on reading, one
 * that asks ten questions does; one that has been told a hundred times is in a loop that nothing else would end.
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
        `standard input ended, and the guest has read on ${CLOSED_READS} times`,
      );
    },
    cancel: () => source.cancel(),
  };
}
