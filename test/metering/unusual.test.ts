import { describe, expect, test } from 'vitest';
import { boundModules } from '../../src/growth/bound.ts';
import { createMeter, type Questions } from '../../src/metering/meter.ts';
import { meterModule } from '../../src/metering/meter-module.ts';
import { outlineModule } from '../../src/metering/outline.ts';
import { prepareModules } from '../../src/snapshot/prepare.ts';
import { concat, encodeModule, encodeNumber } from '../../src/wasm/encode.ts';
import { SECTION } from '../../src/wasm/sections.ts';
import { MAX_BODY, MAX_LOCALS } from '../../src/wasm/v8-limits.ts';
import { assemble } from '../support/wat.ts';
import { meteredGuest, meterText } from './guests.ts';

const LOOP = '(loop $l (br $l))';
const NOP = 0x01;
const END = 0x0b;

describe('functions near the limits of V8', () => {
  test('one with the maximum number of locals stays without checks, and the others get them', async () => {
    const locals = `(local ${'i32 '.repeat(MAX_LOCALS)})`;
    const { bytes, names, unmetered } = await meterText(
      `(module (func ${locals} ${LOOP}) (func (export "run") ${LOOP}))`,
    );
    expect(unmetered).toBe('function 0 would be larger than V8 accepts');
    expect(names).toBeDefined();
    expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
  });

  test('one of the maximum size stays without checks', async () => {
    const loop = Uint8Array.of(0, 0x03, 0x40, 0x0c, 0, 0x0b);
    const body = concat([loop, new Uint8Array(MAX_BODY - 20).fill(NOP), Uint8Array.of(END)]);
    const long = encodeModule([
      [SECTION.type, [Uint8Array.of(0x60, 0, 0)]],
      [SECTION.function, [Uint8Array.of(0)]],
      [SECTION.code, [concat([encodeNumber(body.length), body])]],
    ]);
    const { bytes, unmetered } = meterModule(outlineModule(long), long);
    expect(unmetered).toBe('function 0 would be larger than V8 accepts');
    expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
  });
});

describe('a module that exports the names of metering', () => {
  const GUEST = `(module (table (export "$check") 3 funcref) (global (export "$units") (mut i32) (i32.const 5))
    (func (export "$begin") (result i32) (i32.const 7)) (func (export "$check'")) (func (export "run") ${LOOP}))`;

  test('is metered anyway, and keeps its exports', async () => {
    const guest = await meteredGuest(GUEST, (tick) => (tick < 5 ? 1000 : -1));
    expect(() => guest.call('run')).toThrow(WebAssembly.RuntimeError);
    expect(guest.ticks).toBe(5);
    expect((guest.core.exports.$check as WebAssembly.Table).length).toBe(3);
    expect((guest.core.exports.$units as WebAssembly.Global).value).toBe(5);
    expect(guest.call('$begin')).toBe(7);
  });
});

describe('a start function', () => {
  const STARTING = `(module (global (export "g") (mut i32) (i32.const 0)) (start $start)
    (func $start (local i32)
      (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if $l (i32.lt_u (local.get 0) (i32.const 5000))))
      (global.set 0 (local.get 0))))`;

  test('runs once, after the module can ask', async () => {
    const { bytes, names } = await meterText(STARTING);
    const core = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource));
    expect((core.exports.g as WebAssembly.Global).value).toBe(0);
    let ticks = 0;
    const questions: Questions = {
      tick: () => {
        ticks += 1;
        return 1000;
      },
      wait: async () => 1000,
      cannotWait: () => 1000,
    };
    createMeter(questions, 1000).attach(core, names!);
    (core.exports[names!.start!] as () => void)();
    expect((core.exports.g as WebAssembly.Global).value).toBe(5000);
    expect(ticks).toBeGreaterThan(3);
  });
});

test('metadata that refers to positions in the code is removed, and other custom sections stay', async () => {
  const name = (text: string): Uint8Array => concat([encodeNumber(text.length), Buffer.from(text)]);
  const custom = (text: string): Uint8Array => {
    const content = concat([name(text), Uint8Array.of(0)]);
    return concat([Uint8Array.of(0), encodeNumber(content.length), content]);
  };
  const plain = await assemble(`(module (func (export "run") ${LOOP}))`);
  const bytes = concat([
    plain.subarray(0, 8),
    custom('metadata.code.branch_hint'),
    custom('other'),
    plain.subarray(8),
  ]);
  const { modules } = prepareModules([['a.wasm', bytes]]);
  const module = new WebAssembly.Module(modules[0]![1] as BufferSource);
  expect(WebAssembly.Module.customSections(module, 'other')).toHaveLength(1);
  expect(WebAssembly.Module.customSections(module, 'metadata.code.branch_hint')).toHaveLength(1);
  const [hints] = WebAssembly.Module.customSections(module, 'metadata.code.branch_hint');
  expect(hints!.byteLength).toBeGreaterThan(1);
});

test('the table of metering does not count towards the guest’s limits', async () => {
  const bytes = await assemble(`(module (table 2 funcref) (func (export "run") ${LOOP}))`);
  const { modules, meters, unmetered } = prepareModules([['a.wasm', bytes]]);
  expect(unmetered).toBeUndefined();
  const options = { limit: 1024 ** 2, each: 1024 ** 2, prepared: true, uncounted: undefined, meters };
  expect(boundModules(modules, options).bounds.sizes).toEqual({ 'a.wasm': { bytes: 48, elements: 2 } });
});
