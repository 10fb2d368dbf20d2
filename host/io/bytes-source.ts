import { Signal } from '../signal.ts';
import type { ByteSource } from './source.ts';

/** A source of bytes that are all there; nothing at all by default. */
export function bytesSource(bytes: Uint8Array = new Uint8Array(0)): ByteSource {
  const changed = new Signal();
  let rest = bytes;
  return {
    changed,
    get ready() {
      return rest.length > 0;
    },
    get state() {
      return rest.length > 0 ? 'open' : 'ended';
    },
    read(max) {
      const chunk = rest.slice(0, max);
      rest = rest.subarray(chunk.length);
      return chunk;
    },
    cancel() {
      rest = rest.subarray(rest.length);
    },
  };
}
