/** A host function that may answer with a promise, as wasm sees it: `i` for each `i32` parameter, `I` for each `i64`. */
export interface WaitingCall {
  readonly name: string;
  readonly params: string;
}

const I32 = 0x7f;
const I64 = 0x7e;

/**
 * A module that exports a function for each call. It calls the host function `fast.NAME`; if that answers 1 it calls
 * `slow.NAME` with the same parameters, the only one that suspends. So a call that needs no waiting works where no
 * guest can be suspended (start functions, destructors), and costs no suspension elsewhere. In text:
 *
 *     (func (export "NAME") (param i32 i64)
 *       (if (call $fast.NAME (local.get 0) (local.get 1))
 *         (then (call $slow.NAME (local.get 0) (local.get 1)))))
 */
export function waitingCallsModule(calls: readonly WaitingCall[]): Uint8Array {
  const types = calls.flatMap(({ params }) => {
    const taken = vector([...params].map((param) => [param === 'I' ? I64 : I32]));
    return [
      [0x60, ...taken, 1, I32],
      [0x60, ...taken, 0],
    ];
  });
  const imports = calls.flatMap(({ name }, index) => [
    [...text('fast'), ...text(name), 0, ...number(2 * index)],
    [...text('slow'), ...text(name), 0, ...number(2 * index + 1)],
  ]);
  const functions = calls.map((_, index) => number(2 * index + 1));
  const exports = calls.map(({ name }, index) => [...text(name), 0, ...number(2 * calls.length + index)]);
  const codes = calls.map(({ params }, index) => {
    const given = [...params].flatMap((_, param) => [0x20, ...number(param)]);
    const [call, condition, end] = [0x10, [0x04, 0x40], 0x0b];
    const body = [0, ...given, call, ...number(2 * index), ...condition];
    body.push(...given, call, ...number(2 * index + 1), end, end);
    return [...number(body.length), ...body];
  });
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, imports),
    ...section(3, functions),
    ...section(7, exports),
    ...section(10, codes),
  ]);
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = vector(items);
  return [id, ...number(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...number(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...number(bytes.length), ...bytes];
}

/** LEB128. */
function number(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}
