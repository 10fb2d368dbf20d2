import { WasmcpError } from '../error.ts';
import type { CounterBounds } from './store.ts';

/**
 * A stored counter: ASCII decimal in its one canonical spelling. No sign but `-`, no spaces, no leading zeros, no `-0`;
 * 20 digits hold every u64 and s64, and bound the cost of parsing.
 */
const CANONICAL = /^(?:0|-?[1-9][0-9]{0,19})$/;

/**
 * Returns the sum of a stored counter (a missing one counts as 0) and `delta`.
 *
 * @throws WasmcpError `not-a-number`, `number-overflow`
 */
export function added(stored: Uint8Array | undefined, delta: bigint, bounds: CounterBounds): bigint {
  const sum = (stored === undefined ? 0n : parsed(stored)) + delta;
  if (sum < bounds.min || sum > bounds.max) {
    throw new WasmcpError('number-overflow', `the counter would leave ${bounds.min} to ${bounds.max}`);
  }
  return sum;
}

/** The bytes to store for a counter. */
export function counterBytes(value: bigint): Uint8Array {
  return new TextEncoder().encode(value.toString());
}

function parsed(stored: Uint8Array): bigint {
  const text = stored.byteLength > 21 ? '' : String.fromCharCode(...stored);
  if (CANONICAL.test(text)) return BigInt(text);
  throw new WasmcpError('not-a-number', 'the value under this key is not a decimal integer');
}
