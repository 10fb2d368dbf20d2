import { expect, test } from 'vitest';
import { linearizable, type Operation } from './linearizable.ts';

function operation(
  kind: Operation['kind'],
  times: readonly [number, number?],
  rest: Partial<Operation> = {},
): Operation {
  const [start, end] = times;
  return {
    key: 'k',
    kind,
    input: '',
    expected: undefined,
    output: undefined,
    ...rest,
    start: BigInt(start),
    end: end === undefined ? undefined : BigInt(end),
  };
}

test('a read must not return a value older than a write that ended before it', () => {
  const set = operation('set', [0, 1], { input: '1' });
  expect(linearizable([set, operation('get', [2, 3], { output: '1' })])).toBe(true);
  expect(linearizable([set, operation('get', [2, 3])])).toBe(false);
});

test('of two concurrent writes either may come first, but in the same order for all readers', () => {
  const [one, two] = [operation('set', [0, 9], { input: '1' }), operation('set', [0, 9], { input: '2' })];
  const read = (output: string, at: number): Operation => operation('get', [at, at + 1], { output });
  expect(linearizable([one, two, read('1', 2), read('2', 4)])).toBe(true);
  expect(linearizable([one, two, read('1', 2), read('2', 4), read('1', 6)])).toBe(false);
});

test('no increment is lost', () => {
  const increment = (output: string): Operation => operation('increment', [0, 9], { output });
  expect(linearizable([increment('1'), increment('2')])).toBe(true);
  expect(linearizable([increment('1'), increment('1')])).toBe(false);
});

test('an operation without an outcome may have happened, may happen later, or never', () => {
  const cut = operation('set', [0], { input: '1' });
  expect(linearizable([cut, operation('get', [5, 6])])).toBe(true);
  expect(linearizable([cut, operation('get', [5, 6], { output: '1' })])).toBe(true);
  expect(linearizable([cut, operation('get', [5, 6], { output: '1' }), operation('get', [7, 8])])).toBe(
    false,
  );
});

test('a swap succeeds only if the expected value is present', () => {
  const set = operation('set', [0, 1], { input: '1' });
  const swap = operation('swap', [2, 3], { input: '2', expected: '1', output: 'swapped' });
  expect(linearizable([set, swap, operation('get', [4, 5], { output: '2' })])).toBe(true);
  expect(linearizable([swap])).toBe(false);
});
