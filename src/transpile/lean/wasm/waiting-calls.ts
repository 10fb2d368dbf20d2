import { concat, encodeModule, encodeName, encodeNumber } from '../../../wasm/encode.ts';
import { SECTION } from '../../../wasm/sections.ts';

/** A host function that may return a promise, as wasm sees it: `i` for each `i32` parameter, `I` for each `i64`. */
export interface WaitingCall {
  readonly name: string;
  readonly params: string;
}

const I32 = 0x7f;
const I64 = 0x7e;

/**
 * A module that exports a function for each call. The function calls the host function `fast.NAME`; if that returns 1, it
 * calls `slow.NAME` with the same parameters, and only that suspends. So a call that does not have to wait works even where
 * guests cannot be suspended (start functions, destructors), and costs no suspension elsewhere. In text:
 *
 *     (func (export "NAME") (param i32 i64)
 *       (if (call $fast.NAME (local.get 0) (local.get 1))
 *         (then (call $slow.NAME (local.get 0) (local.get 1)))))
 */
export function waitingCallsModule(calls: readonly WaitingCall[]): Uint8Array {
  const types = calls.flatMap(({ params }) => {
    const taken = [params.length, ...[...params].map((param) => (param === 'I' ? I64 : I32))];
    return [Uint8Array.of(0x60, ...taken, 1, I32), Uint8Array.of(0x60, ...taken, 0)];
  });
  const imports = calls.flatMap(({ name }, index) => [
    concat([encodeName('fast'), encodeName(name), functionOf(2 * index)]),
    concat([encodeName('slow'), encodeName(name), functionOf(2 * index + 1)]),
  ]);
  const codes = calls.map(({ params }, index) => {
    const given = [...params].flatMap((_, param) => [0x20, ...encodeNumber(param)]);
    const [call, condition, end] = [0x10, [0x04, 0x40], 0x0b];
    const fast = [...given, call, ...encodeNumber(2 * index)];
    const slow = [...given, call, ...encodeNumber(2 * index + 1)];
    const body = Uint8Array.of(0, ...fast, ...condition, ...slow, end, end);
    return concat([encodeNumber(body.length), body]);
  });
  return encodeModule([
    [SECTION.type, types],
    [SECTION.import, imports],
    [SECTION.function, calls.map((_, index) => encodeNumber(2 * index + 1))],
    [
      SECTION.export,
      calls.map(({ name }, index) => concat([encodeName(name), functionOf(2 * calls.length + index)])),
    ],
    [SECTION.code, codes],
  ]);
}

/** The function with this index, or the function type with this index, as encoded in imports and exports. */
function functionOf(index: number): Uint8Array {
  return Uint8Array.of(0, ...encodeNumber(index));
}
