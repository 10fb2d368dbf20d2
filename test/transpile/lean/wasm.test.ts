import { readFileSync } from 'node:fs';
import { parse, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { CONTEXT_SLOTS } from '../../../src/transpile/lean/wasm/context-slots.ts';
import { COPY_UTF8 } from '../../../src/transpile/lean/wasm/copy-utf8.ts';
import { waitingCallsModule } from '../../../src/transpile/lean/wasm/waiting-calls.ts';

const folder = new URL('../../../src/transpile/lean/wasm/', import.meta.url);

test.each([
  ['context-slots.wat', CONTEXT_SLOTS],
  ['copy-utf8.wat', COPY_UTF8],
])('the embedded bytes are %s, assembled', async (name, embedded) => {
  const assembled = await parse(readFileSync(new URL(name, folder), 'utf8'));
  expect(embedded).toBe(Buffer.from(assembled).toString('base64'));
});

test('the module for waiting calls equals its text, assembled', async () => {
  const text = `(module
    (type (func (param i32 i64) (result i32))) (type (func (param i32 i64)))
    (type (func (result i32))) (type (func))
    (import "fast" "block" (func (type 0))) (import "slow" "block" (func (type 1)))
    (import "fast" "poll" (func (type 2))) (import "slow" "poll" (func (type 3)))
    (func (type 1) (if (call 0 (local.get 0) (local.get 1)) (then (call 1 (local.get 0) (local.get 1)))))
    (func (type 3) (if (call 2) (then (call 3))))
    (export "block" (func 4)) (export "poll" (func 5)))`;
  const made = waitingCallsModule([
    { name: 'block', params: 'iI' },
    { name: 'poll', params: '' },
  ]);
  expect(Buffer.from(made).toString('hex')).toBe(Buffer.from(await parse(text)).toString('hex'));
});

test('many calls with many parameters are valid', async () => {
  const calls = Array.from({ length: 300 }, (_, index) => ({
    name: `f${index}`,
    params: 'iI'.repeat(index % 9),
  }));
  const module = new WebAssembly.Module(waitingCallsModule(calls) as BufferSource);
  expect(WebAssembly.Module.exports(module)).toHaveLength(300);
  expect(await print(waitingCallsModule(calls))).toContain('(export "f299"');
});

describe('copying a string', () => {
  const trap = new Error('invalid');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const from = new WebAssembly.Memory({ initial: 1 });
  const to = new WebAssembly.Memory({ initial: 1 });
  const dirtyMap = new WebAssembly.Memory({ initial: 17 });
  const { copy } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(COPY_UTF8, 'base64')), {
    memory: { from, to, dirtyMap },
    trap: {
      invalid() {
        throw trap;
      },
    },
  }).exports as { copy: (source: number, length: number, at: number) => void };

  function copied(bytes: Uint8Array, at = 65536 - bytes.length): Uint8Array {
    new Uint8Array(from.buffer).set(bytes, 7);
    copy(7, bytes.length, at);
    return new Uint8Array(to.buffer, at, bytes.length);
  }

  function isCopied(bytes: Uint8Array): boolean {
    try {
      return Buffer.from(copied(bytes)).equals(bytes);
    } catch (error) {
      if (error === trap) return false;
      throw error;
    }
  }

  /** Node's own decoder is the judge. */
  function isUtf8(bytes: Uint8Array): boolean {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  }

  test('accepts exactly UTF-8, for all relevant sequences of one to three bytes', () => {
    const lead = [...Buffer.from('0123456789abcdef')];
    const edges = [
      0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
    ];
    edges.push(0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
    const counts = { valid: 0, invalid: 0 };
    const wrong: Uint8Array[] = [];
    for (const a of edges) {
      for (const b of edges) {
        for (const c of edges) {
          for (const rest of [[], [0x80], [0xbf, 0x41], [0x80, 0x80]]) {
            const bytes = Uint8Array.from([...lead, a, b, c, ...rest]);
            const valid = isUtf8(bytes);
            counts[valid ? 'valid' : 'invalid'] += 1;
            if (isCopied(bytes) !== valid) wrong.push(bytes);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(counts.valid).toBeGreaterThan(100);
    expect(counts.invalid).toBeGreaterThan(10_000);
  });

  test('copies empty and long text, and traps outside of either memory', () => {
    const text = Buffer.from(
      'ein längerer Text mit € und 🦀 und viel ASCII danach, damit es schnell geht. '.repeat(50),
    );
    expect(Buffer.from(copied(text)).equals(text)).toBe(true);
    expect(copied(new Uint8Array()).length).toBe(0);
    expect(() => copy(65530, 10, 0)).toThrow(WebAssembly.RuntimeError);
    expect(() => copy(0, 10, 65530)).toThrow(WebAssembly.RuntimeError);
    expect(() => copy(0, 10, -8)).toThrow(WebAssembly.RuntimeError);
  });
});
