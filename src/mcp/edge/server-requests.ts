import { createEnvelopeReader } from './envelope.ts';
import { createEventDataReader, endsEvent } from './event-data.ts';

/** Largest event that is parsed, in bytes. Requests are short; longer events are results. */
const MAX_EVENT = 64 * 1024;

const METHOD: Buffer = Buffer.from('"method"');

/**
 * Finds the requests of a guest to its client in the stream that responds to the client. The returned function takes the
 * stream's bytes, before their memory may be reused.
 */
export function createServerRequestReader(
  found: (id: string, method: string) => void,
): (bytes: Uint8Array) => void {
  let parts: Uint8Array[] = [];
  let size = 0;
  /** Undefined as long as all bytes were whole events without a method. */
  let read: ((bytes: Uint8Array) => void) | undefined;

  function createReader(): (bytes: Uint8Array) => void {
    return createEventDataReader({
      data(bytes) {
        size += bytes.length;
        if (size <= MAX_EVENT) parts.push(bytes);
      },
      dispatched() {
        if (size <= MAX_EVENT) parse(parts.length === 1 ? parts[0]! : Buffer.concat(parts), found);
        parts = [];
        size = 0;
      },
    });
  }

  return (bytes) => {
    // Most streams are one result, which is written at once.
    if (read === undefined && endsEvent(bytes) && !hasMethod(bytes)) return;
    read ??= createReader();
    read(bytes);
    // The rest of the event comes later, when this memory may be reused.
    if (parts.length > 0) parts = size <= MAX_EVENT ? [Buffer.concat(parts)] : [];
  };
}

function parse(event: Uint8Array, found: (id: string, method: string) => void): void {
  // Nearly all events are results, which have no method.
  if (!hasMethod(event)) return;
  const reader = createEnvelopeReader(() => false);
  if (!reader.push(event)) reader.end();
  const { kind, id, method } = reader.envelope;
  if (kind === 'request' && id !== undefined && method !== undefined) found(idText(id), method);
}

function hasMethod({ buffer, byteOffset, length }: Uint8Array): boolean {
  return Buffer.from(buffer, byteOffset, length).includes(METHOD);
}

/** The same text for every spelling of an id. */
export function idText(id: Uint8Array): string {
  return JSON.stringify(JSON.parse(Buffer.from(id).toString()));
}
