/** A value as wasmcp's servers store it: a type byte and a payload. */
export type TypedValue =
  | { readonly type: 'string' | 'json'; readonly value: string }
  | { readonly type: 'u64' | 's64'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'bytes'; readonly value: Uint8Array };

export type ValueType = TypedValue['type'];

const TAGS: Readonly<Record<ValueType, number>> = { string: 1, json: 2, u64: 3, s64: 4, bool: 5, bytes: 6 };

export const VALUE_TYPES: readonly ValueType[] = Object.keys(TAGS) as ValueType[];

/** Returns undefined for anything else. */
export function decodeTyped(stored: Uint8Array): TypedValue | undefined {
  const payload = stored.subarray(1);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const number = payload.byteLength === 8;
  switch (stored[0]) {
    case TAGS.string:
      return text('string', payload);
    case TAGS.json:
      return text('json', payload);
    case TAGS.u64:
      return number ? { type: 'u64', value: view.getBigUint64(0, true) } : undefined;
    case TAGS.s64:
      return number ? { type: 's64', value: view.getBigInt64(0, true) } : undefined;
    case TAGS.bool:
      return payload.byteLength === 1 ? { type: 'bool', value: payload[0] !== 0 } : undefined;
    case TAGS.bytes:
      return { type: 'bytes', value: payload };
    default:
      return undefined;
  }
}

/** The bytes of a value, as wasmcp's servers write them. */
export function encodeTyped(typed: TypedValue): Uint8Array {
  const payload = payloadOf(typed);
  const bytes = new Uint8Array(payload.length + 1);
  bytes[0] = TAGS[typed.type];
  bytes.set(payload, 1);
  return bytes;
}

/** The bytes of a value of type `json`. */
export function encodeJson(value: unknown): Uint8Array {
  return encodeTyped({ type: 'json', value: JSON.stringify(value) });
}

function payloadOf({ value }: TypedValue): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  if (typeof value !== 'bigint') return value;
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt.asUintN(64, value));
  return number;
}

function text(type: 'string' | 'json', payload: Uint8Array): TypedValue | undefined {
  try {
    return { type, value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload) };
  } catch {
    return undefined;
  }
}
