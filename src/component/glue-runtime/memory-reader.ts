import type { CallStack } from './call-stack.ts';
import { ARRAY_COST, ELEMENT_COST, STRING_COST } from './lift-charge.ts';
import type { Suspension } from './suspension.ts';

/** Reads memory that a guest points to. Pointers and lengths are 32 bits, signed or unsigned. */
export interface MemoryReader {
  /** Decodes UTF-8 and keeps a byte-order mark. Invalid bytes trap, so two different strings never become the same. */
  string(bytes: Uint8Array, pointer: number, length: number): string;
  /** The first `length` bytes of the host's list of numbers, not copied. */
  bytes(list: Uint8Array | ArrayBufferView | ArrayBuffer, length: number): Uint8Array;
  /** Charges the elements of a list of this length before they are lifted; bytes and strings in them are charged separately. */
  elements(length: number): void;
  /** Charges UTF-16 before it is decoded. Returns its argument. */
  units<T extends ArrayLike<number>>(units: T): T;
  /** A copy, unless it is not used. */
  list(bytes: Uint8Array<ArrayBuffer>, pointer: number, length: number): Uint8Array<ArrayBuffer>;
}

/** A host function that is called again for the outcome of its promise lifts its parameters again, and does not use them. */
export function createMemoryReader(
  callStack: CallStack,
  suspension: Pick<Suspension, 'isSettled'>,
): MemoryReader {
  /** Up to this length, examining each byte is faster than calling a decoder. */
  const SHORT = 24;
  /** Up to this length V8 keeps arrays on its heap, and copying them in a loop is faster. */
  const TINY = 64;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  function decode(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes);
    } catch {
      return callStack.trap('a string is not valid UTF-8');
    }
  }

  function checkBounds(bytes: Uint8Array, start: number, length: number): void {
    if (start + length > bytes.length) callStack.trap('wasm trap: out of bounds memory access');
  }

  return {
    string(bytes, pointer, length) {
      const start = pointer >>> 0;
      const end = start + (length >>> 0);
      checkBounds(bytes, start, length >>> 0);
      if (suspension.isSettled()) return '';
      // Each byte can become two in a string.
      callStack.lift(2 * (end - start) + STRING_COST);
      if (end - start > SHORT) return decode(bytes.subarray(start, end));
      let text = '';
      for (let index = start; index < end; index++) {
        const byte = bytes[index]!;
        if (byte >= 0x80) return decode(bytes.subarray(start, end));
        text += String.fromCharCode(byte);
      }
      return text;
    },
    elements(length) {
      callStack.lift((length >>> 0) * ELEMENT_COST);
    },
    units(units) {
      callStack.lift(2 * units.length + STRING_COST);
      return units;
    },
    bytes(list, length) {
      // Accessing its buffer would move a small array out of V8's heap.
      if (list instanceof Uint8Array) return list;
      return ArrayBuffer.isView(list)
        ? new Uint8Array(list.buffer, list.byteOffset, length)
        : new Uint8Array(list, 0, length);
    },
    list(bytes, pointer, length) {
      const start = pointer >>> 0;
      checkBounds(bytes, start, length >>> 0);
      const end = start + (length >>> 0);
      if (suspension.isSettled()) return bytes.subarray(start, end);
      callStack.lift(end - start + ARRAY_COST);
      if (end - start > TINY) return bytes.slice(start, end);
      const copy = new Uint8Array(end - start);
      for (let index = start; index < end; index++) copy[index - start] = bytes[index]!;
      return copy;
    },
  };
}
