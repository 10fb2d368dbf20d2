import type { SessionValue, TypedValue, ValueType } from '../api/types.ts';
import { parseExact } from '../parts/exact-json.ts';
import { toBase64 } from './bytes.ts';

export const TYPES: readonly { readonly type: ValueType; readonly title: string }[] = [
  { type: 'string', title: 'string – text' },
  { type: 'json', title: 'json – any JSON value' },
  { type: 'u64', title: 'u64 – whole number from 0' },
  { type: 's64', title: 's64 – whole number' },
  { type: 'bool', title: 'bool – true or false' },
  { type: 'bytes', title: 'bytes – as base64' },
];

const RANGES = {
  u64: [0n, 2n ** 64n - 1n],
  s64: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** The text that an editor shows for a value. */
export function toInput(value: SessionValue): string {
  if ('text' in value) return indented(value.text);
  return value.type === 'json' ? JSON.stringify(value.value, null, 2) : String(value.value);
}

function indented(text: string): string {
  try {
    return JSON.stringify(parseExact(text), null, 2);
  } catch {
    return text;
  }
}

/** The value that a text stands for, or why it stands for none. */
export function parseInput(type: ValueType, input: string): TypedValue | { readonly problem: string } {
  switch (type) {
    case 'string':
      return { type, value: input };
    case 'json':
      return parseJson(input);
    case 'u64':
    case 's64':
      return parseInteger(type, input.trim());
    case 'bool':
      if (input === 'true' || input === 'false') return { type, value: input === 'true' };
      return { problem: 'A bool is true or false.' };
    case 'bytes':
      return parseBytes(input.replace(/\s/g, ''));
  }
}

function parseJson(input: string): TypedValue | { readonly problem: string } {
  try {
    // Without the spaces that are for people.
    return { type: 'json', text: JSON.stringify(parseExact(input)) };
  } catch (error) {
    return { problem: `This is not valid JSON: ${(error as Error).message}` };
  }
}

function parseInteger(type: 'u64' | 's64', input: string): TypedValue | { readonly problem: string } {
  const [least, greatest] = RANGES[type];
  const isInteger = /^-?\d+$/.test(input);
  if (isInteger && BigInt(input) >= least && BigInt(input) <= greatest)
    return { type, value: String(BigInt(input)) };
  return { problem: `A ${type} is a whole number from ${least} to ${greatest}.` };
}

function parseBytes(input: string): TypedValue | { readonly problem: string } {
  try {
    const bytes = Uint8Array.from(atob(input), (character) => character.charCodeAt(0));
    return { type: 'bytes', value: toBase64(bytes) };
  } catch {
    return { problem: 'This is not base64.' };
  }
}
