import { createHash, hash } from 'node:crypto';
import type { ComponentOutline } from '../component/outline.ts';
import { declareMaximums } from '../growth/memory-limit.ts';
import type { Transpiled } from '../transpile/transpile.ts';

/** Everything that a load computes. */
export interface CachedComponent extends Transpiled {
  readonly outline: ComponentOutline;
}

/**
 * A cache entry is one file, so that it is read, verified and replaced as a whole:
 * SHA-256 of all that follows (32 bytes), length of the header (4 bytes, little-endian), the header (JSON), the glue's
 * text, V8's code for it, the core modules. Their memories have a maximum, so that the limit of a load can be written in its place.
 */
interface Header {
  /** Repeated here, so that a renamed entry is not accepted. */
  readonly key: string;
  readonly kind: Transpiled['kind'];
  readonly reason: string;
  readonly unrestorable?: string | undefined;
  readonly uncounted?: string | undefined;
  readonly meters: Transpiled['meters'];
  readonly unmetered?: string | undefined;
  readonly outline: ComponentOutline;
  /** Bytes of the glue's text, and of V8's code for it. */
  readonly glue: number;
  readonly code: number;
  /** Names and bytes of the core modules. */
  readonly modules: readonly (readonly [name: string, length: number])[];
}

const DIGEST_LENGTH = 32;
const HEADER_START = DIGEST_LENGTH + 4;

/** The parts of an entry, which are not joined because they are large. */
export function encodeEntry(key: string, component: CachedComponent): readonly Uint8Array[] {
  const { kind, reason, unrestorable, uncounted, meters, unmetered, outline, modules } = component;
  const glue = Buffer.from(component.glue);
  const forms = modules.map(
    ([name, bytes]) => [name, declareMaximums(bytes, unrestorable === undefined)] as const,
  );
  const header: Header = {
    key,
    kind,
    reason,
    unrestorable,
    uncounted,
    meters,
    unmetered,
    outline,
    glue: glue.length,
    code: component.code.length,
    modules: forms.map(([name, parts]) => [name, parts.reduce((sum, { length }) => sum + length, 0)]),
  };
  const encoded = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(encoded.length);
  const content = [length, encoded, glue, component.code, ...forms.flatMap(([, parts]) => parts)];
  const digest = createHash('sha256');
  for (const part of content) digest.update(part);
  return [digest.digest(), ...content];
}

/** Undefined unless every byte is as it was written for this key. */
export function decodeEntry(entry: Uint8Array, key: string): CachedComponent | undefined {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  if (bytes.length < HEADER_START) return undefined;
  if (!digestOf(bytes.subarray(DIGEST_LENGTH)).equals(bytes.subarray(0, DIGEST_LENGTH))) return undefined;
  let position = HEADER_START;
  const take = (length: number): Buffer => {
    position += length;
    return bytes.subarray(position - length, position);
  };
  // The digest proves the structure as well, because only encodeEntry writes entries.
  const header: Header = JSON.parse(take(bytes.readUInt32LE(DIGEST_LENGTH)).toString());
  if (header.key !== key) return undefined;
  return {
    kind: header.kind,
    reason: header.reason,
    unrestorable: header.unrestorable,
    uncounted: header.uncounted,
    meters: header.meters,
    unmetered: header.unmetered,
    outline: header.outline,
    glue: take(header.glue).toString(),
    // A copy: it is sent to workers, and all of the entry with it otherwise.
    code: new Uint8Array(take(header.code)),
    modules: header.modules.map(([name, length]) => [name, take(length)]),
  };
}

/** The key of an entry, from its beginning; undefined if that is no entry's. Not verified. */
export function readKey(beginning: Uint8Array): string | undefined {
  // The key comes first in the header, and has no characters that JSON escapes.
  return /^\{"key":"([^"\\]+)"/.exec(Buffer.from(beginning.subarray(HEADER_START)).toString('latin1'))?.[1];
}

function digestOf(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}
