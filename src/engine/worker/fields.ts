import type { FieldList } from '../../../host/index.ts';

/** Up to here it is faster to look at each character than to make a buffer. */
const SHORT = 64;

/** Header fields of `node:http` (flat, latin1) as a guest gets them (pairs, bytes). */
export function toFields(flat: readonly string[]): FieldList {
  const fields: [string, Uint8Array][] = [];
  for (let i = 0; i < flat.length; i += 2) fields.push([flat[i]!, encode(flat[i + 1]!)]);
  return fields;
}

/** A guest's header fields as `node:http` takes them. */
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
