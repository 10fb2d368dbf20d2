import type { FieldList } from '../../host/index.ts';

/** Up to this length a loop over the characters is faster than a buffer. */
const SHORT = 64;

/** Converts header fields of `node:http` (flat, latin1) to a guest's form (pairs, bytes). */
export function toFields(flat: readonly string[]): FieldList {
  const fields: [string, Uint8Array][] = [];
  for (let i = 0; i < flat.length; i += 2) fields.push([flat[i]!, encode(flat[i + 1]!)]);
  return fields;
}

/** Converts a guest's header fields to the form of `node:http`. */
export function toFlat(fields: FieldList): string[] {
  const flat: string[] = [];
  for (const [name, value] of fields) flat.push(name, decode(value));
  return flat;
}

function encode(text: string): Uint8Array {
  if (text.length > SHORT) return Buffer.from(text, 'latin1');
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return Buffer.from(bytes).toString('latin1');
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
