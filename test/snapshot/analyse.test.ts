import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { describe, expect, test } from 'vitest';
import { countGrowth } from '../../src/growth/count-growth.ts';
import { capMemory } from '../../src/growth/memory-limit.ts';
import { analyse } from '../../src/snapshot/analyse.ts';
import { exposeState } from '../../src/snapshot/exposed-state.ts';
import { assemble, seededRandom } from '../support/wat.ts';

const EVERYTHING = readFileSync(join(import.meta.dirname, 'instructions.wat'), 'utf8');
const withLast = (instruction: string): Promise<Uint8Array> =>
  assemble(EVERYTHING.replace('(;LAST;)', instruction));

async function problemsOf(wat: string): Promise<readonly string[]> {
  return analyse(await assemble(wat)).problems;
}

describe('a module that uses every kind of instruction', () => {
  test('is restorable, and its own memories and mutable globals are numbered after the imported ones', async () => {
    const bytes = await withLast('');
    expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
    expect(analyse(bytes)).toEqual({
      memories: [
        { min: 1, max: 10 },
        { min: 2, max: undefined },
      ],
      importedMemories: 1,
      mutableGlobals: [2, 5, 6, 7],
      problems: [],
    });
  });

  test.each([
    ['table.set', '(table.set $table (i32.const 0) (ref.null func))'],
    ['table.grow', '(drop (table.grow $table (ref.null func) (i32.const 1)))'],
    ['table.fill', '(table.fill $outer_table (i32.const 0) (ref.null func) (i32.const 1))'],
    ['table.copy', '(table.copy $table $outer_table (i32.const 0) (i32.const 0) (i32.const 1))'],
    ['table.init', '(table.init $table 0 (i32.const 0) (i32.const 0) (i32.const 1))'],
    ['elem.drop', '(elem.drop 0)'],
    ['data.drop', '(data.drop $passive)'],
  ])('is not restorable as soon as its last function has one %s', async (name, instruction) => {
    const { problems } = analyse(await withLast(instruction));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`(${name})`);
  });

  test.each([
    'try nop catch_all end',
    'try (result i32) i32.const 1 catch 0 end drop',
    'try try nop delegate 0 catch_all rethrow 0 end',
  ])('may use legacy exceptions: %s', async (body) => {
    const legacy = (rest: string) => `(module (tag (param i32)) (table 1 funcref) (func ${body} ${rest}))`;
    const bytes = await assemble(legacy(''));
    expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
    expect(analyse(bytes).problems).toEqual([]);
    expect(await problemsOf(legacy('(table.set 0 (i32.const 0) (ref.null func))'))).toEqual([
      'it changes a table (table.set)',
    ]);
  });
});

describe('state that cannot be restored, or that is unknown, is reported', () => {
  test.each([
    ['mutable global of type reference', '(module (global (mut funcref) (ref.null func)))'],
    ['mutable global of type reference', '(module (global (mut externref) (ref.null extern)))'],
    ['mutable global of type v128', '(module (global (mut v128) (v128.const i64x2 0 0)))'],
    ['shared memory', '(module (memory 1 2 shared))'],
    ['shared memory', '(module (import "a" "b" (memory 1 2 shared)))'],
    ['64-bit memory', '(module (memory i64 1))'],
    ['unknown properties', '(module (memory 1 (pagesize 1)))'],
    [
      'opcode 0xfc13',
      '(module (func (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)) drop drop))',
    ],
    [
      '(struct.set)',
      '(module (type $s (struct (field (mut i32)))) (func (struct.set $s 0 (struct.new_default $s) (i32.const 1))))',
    ],
    [
      '(array.fill)',
      '(module (type $a (array (mut i8))) (func (param (ref $a)) (array.fill $a (local.get 0) (i32.const 0) (i32.const 1) (i32.const 1))))',
    ],
    ['reserved name $dirty-map', '(module (import "$dirty-map" "0" (memory 1)))'],
    ['reserved name $m0', '(module (memory 1) (func (export "$m0")))'],
    ['reserved name $g12', '(module (func (export "$g12")))'],
  ])('%s: %s', async (problem, wat) => {
    expect((await problemsOf(wat)).join()).toContain(problem);
  });

  test('all reasons of a module are reported', async () => {
    const wat = `(module (table 1 funcref) (data $d "x") (global (mut funcref) (ref.null func))
      (func (data.drop $d) (table.set (i32.const 0) (ref.null func))))`;
    expect(await problemsOf(wat)).toHaveLength(3);
  });

  test('bytes that are not a module are reported, a component among them', async () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(0, 1, 2), await assemble('(component)')])
      expect(analyse(bytes).problems).toHaveLength(1);
  });
});

test('a repeated section is refused, because it would be ignored', async () => {
  const bytes = await assemble('(module (memory 1))');
  const memorySection = bytes.subarray(8, 13);
  const twice = Buffer.concat([bytes.subarray(0, 13), memorySection, bytes.subarray(13)]);
  expect(analyse(bytes).problems).toEqual([]);
  expect(analyse(twice).problems.join()).toContain('section 5 occurs twice');
  expect(() => capMemory(twice, 10, false)).toThrow(expect.objectContaining({ code: 'component-invalid' }));
});

test('truncated or changed bytes are analysed or refused, and never cause another failure', async () => {
  const bytes = await withLast('');
  const random = seededRandom(26);
  let refused = 0;
  let rewritten = 0;

  function feed(input: Uint8Array): void {
    const analysis = analyse(input);
    if (analysis.problems.length > 0) refused += 1;
    else if (WebAssembly.validate(input as BufferSource)) {
      expect(WebAssembly.validate(exposeState(input, analysis) as BufferSource)).toBe(true);
      rewritten += 1;
    }
    const { bytes: counted } = countGrowth(input);
    if (WebAssembly.validate(input as BufferSource)) {
      expect(WebAssembly.validate(counted as BufferSource)).toBe(true);
    }
    try {
      capMemory(input, 100, true);
    } catch (error) {
      expect(error).toMatchObject({
        name: 'WasmcpError',
        code: expect.stringMatching(/^component-(invalid|too-large)$/),
      });
    }
  }

  for (let length = 0; length < bytes.length; length += 1) feed(bytes.slice(0, length));
  for (let round = 0; round < 3000; round += 1) {
    const changed = bytes.slice();
    for (let n = Math.ceil(random() * 3); n > 0; n -= 1)
      changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
    feed(changed);
  }
  expect(refused).toBeGreaterThan(1000);
  expect(rewritten).toBeGreaterThan(50);
});

const fixtures = globSync('fixtures/*.wasm', { cwd: join(import.meta.dirname, '../..') });

test.each(fixtures.map((path) => [basename(path), path]))(
  'every core module of %s is restorable, and valid once it is rewritten',
  async (_, path) => {
    const { files } = await transpileBytes(readFileSync(join(import.meta.dirname, '../..', path)), {
      name: 'component',
      instantiation: 'sync',
      multiMemory: true,
      emitTypescriptDeclarations: false,
    });
    const modules = Object.entries(files).filter(([name]) => name.endsWith('.wasm'));
    expect(modules.length).toBeGreaterThan(0);
    let memories = 0;
    for (const [name, bytes] of modules) {
      const analysis = analyse(bytes);
      expect(analysis.problems, name).toEqual([]);
      const { bytes: counted, uncounted } = countGrowth(bytes);
      expect(uncounted).toBeUndefined();
      const rewritten = await WebAssembly.compile(
        capMemory(exposeState(counted, analysis), 4096, true) as BufferSource,
      );
      const added = WebAssembly.Module.exports(rewritten).filter((entry) => /^\$[mg]\d+$/.test(entry.name));
      expect(added.filter(({ kind }) => kind === 'memory')).toHaveLength(analysis.memories.length);
      expect(added.filter(({ kind }) => kind === 'global')).toHaveLength(analysis.mutableGlobals.length);
      memories += analysis.memories.length;
    }
    expect(memories).toBeGreaterThan(0);
  },
);
