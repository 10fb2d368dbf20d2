import { WasmcpError } from '../../../host/index.ts';
import { parseJson } from '../json.ts';
import { decodeTyped, encodeTyped, type TypedValue, VALUE_TYPES, type ValueType } from './typed-value.ts';

/**
 * A value as JSON, from which its bytes can be restored exactly. 64-bit numbers are decimal text, bytes are base64. JSON that
 * would be written differently after it was parsed, or was not parsed because it is long, is `text` instead of `value`. What is no
 * value of a wasmcp server is `unknown`, with all its bytes.
 */
export type ValueRecord =
  | { readonly type: ValueType | 'unknown'; readonly value: unknown }
  | { readonly type: 'json'; readonly text: string };

/** `maxParsed` is the number of characters of JSON that are parsed. */
export function valueRecord(stored: Uint8Array, maxParsed: number = Number.POSITIVE_INFINITY): ValueRecord {
  const decoded = decodeTyped(stored);
  if (decoded === undefined || !isEqual(encodeTyped(decoded), stored)) {
    return { type: 'unknown', value: base64(stored) };
  }
  const { type, value } = decoded;
  if (type === 'json') return value.length > maxParsed ? { type, text: value } : jsonRecord(value);
  if (type === 'bytes') return { type, value: base64(value) };
  return { type, value: typeof value === 'bigint' ? value.toString() : value };
}

function jsonRecord(text: string): ValueRecord {
  try {
    const value: unknown = parseJson(text);
    if (JSON.stringify(value) === text) return { type: 'json', value };
  } catch {
    // Shown as it is.
  }
  return { type: 'json', text };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * The bytes of what a person wrote or, if it is `exact`, of what `valueRecord` returned: then also of what is no value of its
 * type, as long as these bytes can be told.
 *
 * @throws WasmcpError `value-refused` with the reason
 */
export function storedValue(record: unknown, exact = false): Uint8Array {
  if (typeof record !== 'object' || record === null)
    throw refused('a value is an object with type and value');
  const { type, value, text } = record as Readonly<Record<string, unknown>>;
  if (exact && type === 'unknown') return bytesOf(value, 'unknown');
  if (!VALUE_TYPES.includes(type as ValueType)) {
    throw refused(`${shown(type)} is not a type: use ${VALUE_TYPES.join(', ')}`);
  }
  if (type === 'json' && typeof text === 'string' && value === undefined) {
    return exact ? encodeTyped({ type, value: wellFormed(text) }) : encodeJsonText(text);
  }
  return encodeTyped(typedValue(type as ValueType, value));
}

/**
 * The bytes of a value that was written as text: `json` as it is, `bytes` as base64.
 *
 * @throws WasmcpError `value-refused` with the reason
 */
export function storedText(type: ValueType, text: string): Uint8Array {
  if (type === 'json') return encodeJsonText(text);
  if (type !== 'bool') return encodeTyped(typedValue(type, text));
  if (text !== 'true' && text !== 'false') throw refused(`bool is true or false, not ${shown(text)}`);
  return encodeTyped({ type, value: text === 'true' });
}

function encodeJsonText(text: string): Uint8Array {
  try {
    parseJson(text);
  } catch (cause) {
    throw refused(`this is not JSON: ${(cause as Error).message}`, cause);
  }
  return encodeTyped({ type: 'json', value: wellFormed(text) });
}

const RANGES = {
  u64: { min: 0n, max: 2n ** 64n - 1n },
  s64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
};

function typedValue(type: ValueType, value: unknown): TypedValue {
  switch (type) {
    case 'string':
      if (typeof value !== 'string') throw refused(`string is text, not ${shown(value)}`);
      return { type, value: wellFormed(value) };
    case 'json':
      if (value === undefined) throw refused('json needs a value');
      return { type, value: JSON.stringify(value) };
    case 'bool':
      if (typeof value !== 'boolean') throw refused(`bool is true or false, not ${shown(value)}`);
      return { type, value };
    case 'bytes':
      return { type, value: bytesOf(value, 'bytes') };
    default:
      return { type, value: wholeNumber(type, value) };
  }
}

function wholeNumber(type: 'u64' | 's64', value: unknown): bigint {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  const { min, max } = RANGES[type];
  if (typeof text === 'string' && /^-?\d{1,20}$/.test(text)) {
    const number = BigInt(text);
    if (number >= min && number <= max) return number;
  }
  throw refused(`${type} is a whole number from ${min} to ${max}, not ${shown(value)}`);
}

/** Padded; Node's decoder skips what is not base64, which would change values silently. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function bytesOf(value: unknown, type: string): Uint8Array {
  if (typeof value === 'string' && BASE64.test(value)) return Buffer.from(value, 'base64');
  throw refused(`${type} are padded base64, not ${shown(value)}`);
}

/** UTF-8 has no lone surrogates; an encoder would replace them silently. */
function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw refused('the text has half of a surrogate pair, which UTF-8 cannot express');
}

/** Maximum number of characters of a refused value that are repeated. */
const SHOWN = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function refused(reason: string, cause?: unknown): WasmcpError {
  return new WasmcpError('value-refused', reason, { cause });
}
