import { headerValues } from '../../http/headers.ts';

const ENCODED = /^=\?base64\?(.*)\?=$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PLAIN = /^[\x20-\x7e\t]*$/;
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The value of a header that mirrors a member of the body (MCP 2026-07-28, "Streamable HTTP", section "Value Encoding").
 * Undefined if there is none. Null if it cannot be read, or occurs with different values.
 */
export function mirroredValue(headers: readonly string[], name: string): string | null | undefined {
  const [first, ...others] = headerValues(headers, name);
  if (first === undefined) return undefined;
  if (others.some((other) => other !== first)) return null;
  return decode(first.trim());
}

/** The text as such a header carries it. */
export function encodeMirrored(text: string): string {
  const isPlain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(text) && !ENCODED.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

function decode(text: string): string | null {
  if (!PLAIN.test(text)) return null;
  const encoded = ENCODED.exec(text)?.[1];
  if (encoded === undefined) return text;
  if (!BASE64.test(encoded)) return null;
  try {
    return DECODER.decode(Buffer.from(encoded, 'base64'));
  } catch {
    return null;
  }
}
