/** A value as wasmcp's servers store it: a type byte and a payload. */
export type TypedValue =
  | { readonly type: 'string' | 'json'; readonly value: string }
  | { readonly type: 'u64' | 's64'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'bytes'; readonly value: Uint8Array };

const JSON_TAG = 2;

/** Returns undefined for anything else. */
export function decodeTyped(stored: Uint8Array): TypedValue | undefined {
  const payload = stored.subarray(1);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const number = payload.byteLength === 8;
  switch (stored[0]) {
    case 1:
      return text('string', payload);
    case JSON_TAG:
      return text('json', payload);
    case 3:
      return number ? { type: 'u64', value: view.getBigUint64(0, true) } : undefined;
    case 4:
      return number ? { type: 's64', value: view.getBigInt64(0, true) } : undefined;
    case 5:
      return payload.byteLength === 1 ? { type: 'bool', value: payload[0] !== 0 } : undefined;
    case 6:
      return { type: 'bytes', value: payload };
    default:
      return undefined;
  }
}

/** The bytes of a value of type `json`. */
export function encodeJson(value: unknown): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(value));
  const bytes = new Uint8Array(payload.length + 1);
  bytes[0] = JSON_TAG;
  bytes.set(payload, 1);
  return bytes;
}

function text(type: 'string' | 'json', payload: Uint8Array): TypedValue | undefined {
  try {
    return { type, value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload) };
  } catch {
    return undefined;
  }
}
