import { describe, expect, test } from 'vitest';
import { captureImage, firstDifference } from '../../src/snapshot/image.ts';
import { makeRestorable } from '../../src/snapshot/restorable-instance.ts';
import { seededRandom } from '../support/wat.ts';
import { holdGlue, prepareGuest } from './guests.ts';

const PAGE = 0x10000;

const guest = await prepareGuest(`(module
  (memory $a 4) (memory $b 2)
  (data (memory $a) (i32.const 4090) "over the edge of a block") (data (memory $a) (i32.const 262143) "z")
  (data (memory $b) (i32.const 0) "first")
  (global $i32 (mut i32) (i32.const 1)) (global $i64 (mut i64) (i64.const -2))
  (global $f32 (mut f32) (f32.const 0.5)) (global $f64 (mut f64) (f64.const nan))
  (func (export "write") (param i32 i32) (i32.store8 $a (local.get 0) (local.get 1)))
  (func (export "write b") (param i32 i32) (i32.store8 $b (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32 i32) (memory.fill $a (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32) (memory.grow $a (local.get 0)))
  (func (export "grow b") (param i32) (result i32) (memory.grow $b (local.get 0)))
  (func (export "globals") (param i64)
    (global.set $i32 (i32.wrap_i64 (local.get 0))) (global.set $i64 (local.get 0))
    (global.set $f32 (f32.reinterpret_i32 (i32.wrap_i64 (local.get 0))))
    (global.set $f64 (f64.reinterpret_i64 (local.get 0))))
  (func (export "f64 bits") (result i64) (i64.reinterpret_f64 (global.get $f64))))`);

function bytesOf({ state }: ReturnType<typeof guest>): Buffer[] {
  return state.memories.map(({ buffer }) => Buffer.from(new Uint8Array(buffer)));
}

describe('a restored instance', () => {
  test('has its initial state, byte for byte, whatever was written, over many rounds', () => {
    const live = guest();
    const start = bytesOf(live);
    const restorable = makeRestorable(captureImage(live.state), live.state, undefined);
    const random = seededRandom(4);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < 200; round += 1) {
      for (let n = below(20); n > 0; n -= 1) live.call('write', below(4 * PAGE), below(256));
      for (let n = below(5); n > 0; n -= 1) live.call('write b', below(2 * PAGE), below(256));
      const at = below(4 * PAGE);
      if (round % 7 === 0) live.call('fill', at, below(256), below(4 * PAGE - at));
      live.call('globals', BigInt(below(2 ** 32)));
      expect(restorable.restore()).toBeUndefined();
      expect(bytesOf(live).map((bytes, i) => bytes.compare(start[i]!))).toEqual([0, 0]);
      expect(live.state.globals.map(({ value }) => value)).toEqual([1, -2n, 0.5, Number.NaN]);
      restorable.assertRestored();
    }
  });

  test('writes only the blocks that changed', () => {
    const live = guest();
    const restorable = makeRestorable(captureImage(live.state), live.state, undefined);
    for (const at of [0, 4096, 4097, 4 * PAGE - 1]) live.call('write', at, 99);
    live.call('write b', 0, 99);
    restorable.restore();
    expect(restorable.written).toBe(4);
    restorable.restore();
    expect(restorable.written).toBe(0);
  });

  test('restores the bits of NaNs', () => {
    const live = guest();
    const restorable = makeRestorable(captureImage(live.state), live.state, undefined);
    live.call('globals', 0x7ff8_5ec2_e700_5ec2n);
    expect(BigInt.asUintN(48, BigInt(live.call('f64 bits')))).toBe(0x5ec2_e700_5ec2n);
    restorable.restore();
    expect(BigInt.asUintN(48, BigInt(live.call('f64 bits')))).toBe(0n);
  });
});

describe('a memory that grew', () => {
  test('keeps its size, and the added part is zeroed', () => {
    const live = guest();
    const restorable = makeRestorable(captureImage(live.state), live.state, undefined);
    expect(live.call('grow', 3)).toBe(4);
    live.call('fill', 5 * PAGE, 7, 2 * PAGE);
    expect(restorable.restore()).toBeUndefined();
    restorable.assertRestored();
    expect(bytesOf(live)[0]!.length).toBe(7 * PAGE);
    live.call('write', 6 * PAGE + 5, 1);
    expect(() => restorable.assertRestored()).toThrow(
      `memory 0 at byte ${6 * PAGE + 5}, beyond its first ${4 * PAGE}`,
    );
    restorable.restore();
    restorable.assertRestored();
  });

  test('beyond the limit of all memories together ends the instance', () => {
    const live = guest();
    const restorable = makeRestorable(captureImage(live.state), live.state, undefined, {
      maxGrowth: 5 * PAGE,
    });
    live.call('grow', 3);
    live.call('grow b', 2);
    expect(restorable.restore()).toBeUndefined();
    live.call('grow', 1);
    expect(restorable.restore()).toBe('grown');
  });

  test('is kept if it took at most a sixteenth of its own room', () => {
    const limits = [(4 + 3 * 16) * PAGE, (2 + 16) * PAGE];
    const live = guest();
    const restorable = makeRestorable(captureImage(live.state), live.state, undefined, { limits });
    live.call('grow', 3);
    live.call('grow b', 1);
    expect(restorable.restore()).toBeUndefined();
    live.call('grow b', 1);
    expect(restorable.restore()).toBe('grown');
  });

  test('by more than 16 MiB ends the instance by default', () => {
    const live = guest();
    const restorable = makeRestorable(captureImage(live.state), live.state, undefined);
    live.call('grow', 256);
    expect(restorable.restore()).toBeUndefined();
    live.call('grow b', 1);
    expect(restorable.restore()).toBe('grown');
  });
});

test('a large memory stays untouched: neither the image nor a restore allocates memory for its zeros', async () => {
  const large = await prepareGuest(`(module (memory 1024) (data (i32.const 0) "start")
    (func (export "write") (param i32) (i32.store (local.get 0) (i32.const 1))))`);
  const live = large();
  const before = process.memoryUsage.rss();
  const image = captureImage(live.state);
  const restorable = makeRestorable(image, live.state, undefined);
  for (const at of [8, 20_000_000, 67_108_860]) live.call('write', at);
  expect(restorable.restore()).toBeUndefined();
  expect(restorable.written).toBe(3);
  restorable.assertRestored();
  expect(image.content.buffer.byteLength).toBe(PAGE);
  expect(process.memoryUsage.rss() - before).toBeLessThan(24 * 1024 * 1024);
});

test('all instances of a component share one image', () => {
  const image = captureImage(guest().state);
  const [a, b] = [guest(), guest()];
  const [restorableA, restorableB] = [a, b].map(({ state }) => makeRestorable(image, state, undefined));
  a!.call('fill', 0, 1, 4 * PAGE);
  b!.call('fill', 0, 2, 4 * PAGE);
  restorableA!.restore();
  expect(() => restorableB!.assertRestored()).toThrow('memory 0 at byte 0');
  restorableB!.restore();
  expect([firstDifference(image, a!.state), firstDifference(image, b!.state)]).toEqual([
    undefined,
    undefined,
  ]);
});

describe('with glue', () => {
  function held() {
    const live = guest();
    const glue = holdGlue([[live.state.memories[1]!, 3]]);
    glue.entered.fill(1);
    return { live, glue, restorable: makeRestorable(captureImage(live.state), live.state, glue) };
  }

  test('memories of inner components are skipped until the components are entered', () => {
    const { live, glue, restorable } = held();
    live.call('write', 0, 9);
    live.call('write b', 1, 9);
    glue.entered[2] = 1;
    restorable.restore();
    expect(() => restorable.assertRestored()).toThrow('memory 1 at byte 1');
    glue.entered[3] = 1;
    restorable.restore();
    restorable.assertRestored();
    expect([...glue.entered]).toEqual(new Array(8).fill(0));
  });

  test('handle tables are restored and checked', () => {
    const { glue, restorable } = held();
    glue.table.push(5);
    expect(() => restorable.assertRestored()).toThrow('the handle tables');
    expect(restorable.restore()).toBeUndefined();
    restorable.assertRestored();
    expect(glue.table).toEqual([1, 2]);
  });

  test('an instance that is dead or unsettled is not restored', () => {
    const { live, glue, restorable } = held();
    glue.settled = false;
    live.call('write', 0, 9);
    expect(restorable.restore()).toBe('unsettled');
    glue.dead = true;
    expect(restorable.restore()).toBe('trapped');
  });
});

test('the first byte or global that is not restored is named', () => {
  const live = guest();
  const restorable = makeRestorable(captureImage(live.state), live.state, undefined);
  live.call('write b', 70_000, 1);
  expect(() => restorable.assertRestored()).toThrow('not restored: memory 1 at byte 70000');
  live.call('write', 4091, 0);
  expect(() => restorable.assertRestored()).toThrow('not restored: memory 0 at byte 4091');
  restorable.restore();
  live.state.globals[1]!.value = 3n;
  expect(() => restorable.assertRestored()).toThrow('not restored: global 1');
});
