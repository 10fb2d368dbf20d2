import { createEnvelopeReader } from './envelope.ts';
import { createEventDataReader } from './event-data.ts';

/** Bytes of an event that is looked into. A question is short; longer ones are results. */
const MAX_EVENT = 64 * 1024;

const METHOD: Buffer = Buffer.from('"method"');

/**
 * Finds the requests of a guest to its client in the stream that answers the client. Give the function the stream's bytes,
 * before anybody else may change them.
 */
export function createServerRequestReader(
  asked: (id: string, method: string) => void,
): (bytes: Uint8Array) => void {
  let parts: Uint8Array[] = [];
  let size = 0;

  const read = createEventDataReader({
    data(bytes) {
      size += bytes.length;
      if (size <= MAX_EVENT) parts.push(bytes);
    },
    dispatched() {
      if (size <= MAX_EVENT) look(parts.length === 1 ? parts[0]! : Buffer.concat(parts), asked);
      parts = [];
      size = 0;
    },
  });

  return (bytes) => {
    read(bytes);
    // The rest of the event comes later, and the memory is somebody else's by then.
    if (parts.length > 0) parts = size <= MAX_EVENT ? [Buffer.concat(parts)] : [];
  };
}

function look(event: Uint8Array, asked: (id: string, method: string) => void): void {
  // Nearly all events are results, which have none.
  if (!Buffer.from(event.buffer, event.byteOffset, event.length).includes(METHOD)) return;
  const reader = createEnvelopeReader(() => false);
  if (!reader.push(event)) reader.end();
  const { kind, id, method } = reader.envelope;
  if (kind === 'request' && id !== undefined && method !== undefined) asked(idText(id), method);
}

/** One text for all ways to write an id. */
export function idText(id: Uint8Array): string {
  return JSON.stringify(JSON.parse(Buffer.from(id).toString()));
}
