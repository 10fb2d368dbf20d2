import { type Entry, WasmcpError } from '../../../host/index.ts';

/** An entry as JSON: the value as text if it is UTF-8, otherwise as base64. */
export type EntryRecord = Pick<Entry, 'bucket' | 'key'> &
  ({ readonly text: string } | { readonly base64: string });

export function entryRecord({ bucket, key, value }: Entry): EntryRecord {
  const text = decoded(value);
  return {
    bucket,
    key,
    ...(text === undefined ? { base64: Buffer.from(value).toString('base64') } : { text }),
  };
}

// Keeps a byte order mark, so that the bytes come back unchanged.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(value: Uint8Array): string | undefined {
  try {
    return UTF8.decode(value);
  } catch {
    return undefined;
  }
}

/**
 * Reads what `entryRecord` wrote.
 *
 * @throws WasmcpError `option-invalid`, which names the place
 */
export function parseEntry(line: string, place: string): Entry {
  const record = parsedObject(line, place);
  const { bucket, key, text, base64 } = record;
  if (typeof bucket !== 'string' || typeof key !== 'string')
    throw invalid(place, '"bucket" and "key" must be strings');
  if (typeof text === 'string' && base64 === undefined) return { bucket, key, value: Buffer.from(text) };
  if (typeof base64 === 'string' && text === undefined && BASE64.test(base64)) {
    return { bucket, key, value: Buffer.from(base64, 'base64') };
  }
  throw invalid(place, 'either "text" must be a string or "base64" padded base64');
}

// Node's decoder skips what is not base64, which would change values silently.
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function parsedObject(line: string, place: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw invalid(place, `not JSON: ${(cause as Error).message}`);
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw invalid(place, 'not an object');
}

function invalid(place: string, reason: string): WasmcpError {
  return new WasmcpError(
    'option-invalid',
    `${place}: ${reason}; expected {"bucket":"…","key":"…","text":"…"} or "base64" instead of "text", as kv export prints`,
  );
}
