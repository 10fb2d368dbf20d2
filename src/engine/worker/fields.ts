import type { FieldList } from '../../../host/index.ts';

/** Header fields of `node:http` (flat, latin1) as a guest gets them (pairs, bytes). */
export function toFields(flat: readonly string[]): FieldList {
  const fields: [string, Uint8Array][] = [];
  for (let i = 0; i < flat.length; i += 2) fields.push([flat[i]!, Buffer.from(flat[i + 1]!, 'latin1')]);
  return fields;
}

/** A guest's header fields as `node:http` takes them. */
export function toFlat(fields: FieldList): string[] {
  return fields.flatMap(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
}
