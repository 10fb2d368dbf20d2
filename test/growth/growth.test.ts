import { describe, expect, test } from 'vitest';
import { loadComponent } from '../../src/loader/load-component.ts';
import type { LoadOptions } from '../../src/loader/load-options.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { type Served, serveWat } from '../support/serve-wat.ts';
import { assembleGuest, type WatGuest } from '../support/wat-guest.ts';

const MIB = 1024 ** 2;

function serve(guest: WatGuest, options: LoadOptions = { maxMemory: 64 * MIB }): Promise<Served> {
  return serveWat(guest, options);
}

function repeat(count: number, text: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => text(n)).join('\n');
}

/** Adds 1 to the local 0 when the expression is not -1. */
const countSuccess = (grow: string, type = 'i32'): string =>
  `(if (${type}.ne ${grow} (${type}.const -1)) (then (local.set 0 (i32.add (local.get 0) (i32.const 1)))))`;

/** A guest that responds with 200 and how often growing succeeded. */
function counting(items: string, growths: string): WatGuest {
  return {
    items: `${items} (func $count (result i32) (local i32) ${growths} (i32.add (i32.const 200) (local.get 0)))`,
    answer: '(call $count)',
  };
}

const memories = (count: number, limits = '1'): string => repeat(count, (n) => `(memory $m${n} ${limits})`);

const growMemories = (count: number, pages: number): string =>
  repeat(count, (n) => countSuccess(`(memory.grow $m${n} (i32.const ${pages}))`));

const growTables = (count: number, elements: number, type = 'i32'): string =>
  repeat(count, (n) => countSuccess(`(table.grow $t${n} (ref.null func) (${type}.const ${elements}))`, type));

describe('the total of a guest’s memories is limited', () => {
  test('sixty memories do not grow to sixty times the limit', async () => {
    const { statuses, log } = await serve(counting(memories(60), growMemories(60, 256)));
    // 60 pages are taken from the start, 1024 may be.
    expect(statuses).toEqual([203, 203, 203]);
    expect(log).toEqual([]);
  });

  test('any memory may use the whole limit, and then the others fail to grow', async () => {
    const { statuses } = await serve(counting(memories(8), `${growMemories(1, 1016)} ${growMemories(8, 1)}`));
    expect(statuses).toEqual([201, 201, 201]);
  });

  test('a failed growth is not charged', async () => {
    const items = '(memory $full 1 2) (memory $m0 1)';
    const failing = repeat(20, () => countSuccess('(memory.grow $full (i32.const 500))'));
    expect((await serve(counting(items, `${failing} ${growMemories(1, 900)}`))).statuses).toEqual([
      201, 201, 201,
    ]);
  });

  test('across core modules, whichever of them grows a memory, and for each instance of a module', async () => {
    const guest: WatGuest = {
      before: `(core module $o (memory (export "m") 1)
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
        (core instance $one (instantiate $o)) (core instance $two (instantiate $o))`,
      arguments: '(with "one" (instance $one)) (with "two" (instance $two))',
      items: `(import "one" "m" (memory $m0 1)) (import "one" "grow" (func $one (param i32) (result i32)))
        (import "two" "grow" (func $two (param i32) (result i32)))
        (func $count (result i32) (local i32) ${growMemories(1, 500)} ${countSuccess('(call $one (i32.const 300))')}
          ${countSuccess('(call $two (i32.const 300))')} ${countSuccess('(call $two (i32.const 222))')}
          (i32.add (i32.const 200) (local.get 0)))`,
      answer: '(call $count)',
    };
    expect((await serve(guest)).statuses).toEqual([203, 203, 203]);
  });

  test('in a start function, which still runs once', async () => {
    const guest: WatGuest = {
      items: `(memory $m0 1) (memory $m1 1) (global $g (mut i32) (i32.const 0))
        (func $start (local i32) ${growMemories(2, 1000)}
          (global.set $g (i32.add (global.get $g) (local.get 0))))
        (start $start)`,
      answer: '(i32.add (i32.const 200) (global.get $g))',
    };
    expect(await serve(guest)).toEqual({ statuses: [201, 201, 201], log: [] });
  });

  test('a lower limit of a single memory applies', async () => {
    const guest = counting(memories(2), `${growMemories(2, 100)} ${growMemories(2, 99)}`);
    expect((await serve(guest, { maxMemory: 64 * MIB, maxEachMemory: 100 * 65_536 })).statuses).toEqual([
      202, 202, 202,
    ]);
  });
});

describe('the size of a guest’s tables is limited', () => {
  test.each([
    ['ninety tables of ten million elements', 90, 10_000_000, 'i32', 200],
    ['ninety tables of a hundred thousand elements', 90, 100_000, 'i32', 209],
    ['tables with 64-bit indexes', 90, 100_000, 'i64', 209],
    ['more elements than have a number of 32 bits', 1, 2 ** 32 + 1, 'i64', 200],
  ])('%s', async (_, count, elements, type, status) => {
    const tables = repeat(
      count,
      (n) => `(table $t${n} ${type === 'i64' ? 'i64 ' : ''}${n === 0 ? 1 : 0} funcref)`,
    );
    const { statuses } = await serve(counting(tables, growTables(count, elements, type)), {});
    expect(statuses).toEqual([status, status, status]);
  });

  test('by their bytes, together with memories', async () => {
    const guest = counting(
      '(memory $m0 1) (table $t0 0 funcref)',
      growTables(1, 40_000) + growMemories(1, 1),
    );
    expect((await serve(guest, { maxMemory: MIB })).statuses).toEqual([201, 201, 201]);
    expect((await serve(guest, { maxMemory: 2 * MIB })).statuses).toEqual([202, 202, 202]);
  });
});

describe('a component whose initial size exceeds the limit is refused', () => {
  test.each([
    [
      'memories',
      { items: memories(60, '1024'), answer: '(i32.const 201)' },
      'its memories and tables take 3840 MiB initially, more than the 64 MiB that --max-memory allows',
    ],
    [
      'tables',
      { items: repeat(90, () => '(table 1000000 funcref)'), answer: '(i32.const 201)' },
      'its tables have 90000000 elements initially, more than the 1000000 that are allowed',
    ],
  ])('%s', async (_, guest, message) => {
    await expect(serve(guest)).rejects.toMatchObject({
      code: 'component-too-large',
      message: expect.stringContaining(message),
    });
  });

  test('even if only the number of instances of a module exceeds it', async () => {
    const guest: WatGuest = {
      before: `(core module $o (memory 512)) ${repeat(3, () => '(core instance (instantiate $o))')}`,
      answer: '(i32.const 201)',
    };
    // Known when it is instantiated: at the start, where instances are to be restored.
    if (rawGlue) expect((await serve(guest)).statuses).toEqual([500, 500, 500]);
    else {
      await expect(serve(guest)).rejects.toMatchObject({
        message: expect.stringContaining(
          'take 96 MiB initially, more than the 64 MiB that --max-memory allows',
        ),
      });
    }
  });

  test('but one whose initial size is exactly the limit runs', async () => {
    const guest = counting(memories(2, '512'), growMemories(2, 1));
    expect((await serve(guest)).statuses).toEqual([200, 200, 200]);
  });
});

test('a module whose growth cannot be counted gets a fraction of the limit for each memory and table', async () => {
  const items = `(memory $m0 100) (memory $m1 1) (table $t0 0 funcref) (func (export "$grow"))`;
  const growths = `${growMemories(2, 250)} ${growMemories(2, 250)} ${growTables(1, 10_000)}`;
  expect((await serve(counting(items, growths))).statuses).toEqual([203, 203, 203]);
});

test('the module whose growth cannot be counted is reported, with the reason', async () => {
  const bytes = await assembleGuest({ items: '(func (export "$grow"))', answer: '(i32.const 201)' });
  const { memory } = await loadComponent(bytes);
  expect(memory.divided).toBe('core module component.core.wasm: it exports the reserved name $grow');
});
