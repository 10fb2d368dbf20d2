/** Pieces up to this size are gathered, and the size up to which they are: each costs a message to the guest's thread. */
const SMALL = 4096;
const GATHERED: number = 16 * 1024;

export interface PieceGatherer {
  add(piece: Uint8Array): void;
  /** Passes on what was gathered. */
  flush(): void;
}

/**
 * Passes on small pieces of a body that arrive together as one: a client can send each byte as a chunk of its own, and Node
 * delivers each chunk. `pass` must not keep the bytes; `spent` is called for each piece that is not needed any more.
 */
export function gatherPieces(
  pass: (bytes: Uint8Array) => void,
  spent: (piece: Uint8Array) => void,
): PieceGatherer {
  /** Most small bodies have only one. */
  let first: Uint8Array | undefined;
  let gathered: Uint8Array | undefined;
  let length = 0;
  let isScheduled = false;

  function passOn(piece: Uint8Array): void {
    pass(piece);
    spent(piece);
  }

  function flush(): void {
    if (first !== undefined) {
      const only = first;
      first = undefined;
      passOn(only);
    } else if (length > 0) {
      const bytes = gathered!.subarray(0, length);
      length = 0;
      pass(bytes);
    }
  }

  function append(piece: Uint8Array): void {
    if (length + piece.length > GATHERED) flush();
    gathered ??= new Uint8Array(GATHERED);
    gathered.set(piece, length);
    length += piece.length;
    spent(piece);
  }

  function turned(): void {
    isScheduled = false;
    flush();
  }

  return {
    add(piece) {
      if (piece.length > SMALL) {
        flush();
        passOn(piece);
        return;
      }
      if (first !== undefined) {
        append(first);
        first = undefined;
        append(piece);
      } else if (length > 0) append(piece);
      else first = piece;
      // After everything that was read from sockets in this turn. Node runs ticks and microtasks after each chunk.
      if (!isScheduled) setImmediate(turned);
      isScheduled = true;
    },
    flush,
  };
}
