import type { Reader } from '../binary/reader.ts';
import { readValueType, skipBlockType } from './types.ts';

/**
 * What follows an opcode (WebAssembly core specification, 5.4 Instructions): `end` closes a block or the expression,
 * the others open one or have the immediates that their names tell.
 */
type Immediates =
  | 'end'
  | 'block'
  | 'delegate'
  | 'try table'
  | 'none'
  | 'byte'
  | 'index'
  | 'two indexes'
  | 'number'
  | '4 bytes'
  | '8 bytes'
  | '16 bytes'
  | 'branch table'
  | 'types'
  | 'memory'
  | 'memory and lane'
  | 'prefix';

type Range = readonly [immediates: Immediates, first: number, last?: number];

const PREFIX = { bulk: 0xfc, simd: 0xfd } as const;

/** Legacy and current exception handling and tail calls included; garbage collection and threads are not. */
const PLAIN: readonly Range[] = [
  ['none', 0x00, 0x01], // unreachable, nop
  ['block', 0x02, 0x04], // block, loop, if
  ['none', 0x05], // else
  ['block', 0x06], // try
  ['index', 0x07, 0x09], // catch, throw, rethrow
  ['none', 0x0a], // throw_ref
  ['end', 0x0b],
  ['index', 0x0c, 0x0d], // br, br_if
  ['branch table', 0x0e],
  ['none', 0x0f], // return
  ['index', 0x10], // call
  ['two indexes', 0x11], // call_indirect
  ['index', 0x12], // return_call
  ['two indexes', 0x13], // return_call_indirect
  ['delegate', 0x18],
  ['none', 0x19, 0x1b], // catch_all, drop, select
  ['types', 0x1c], // select with types
  ['try table', 0x1f],
  ['index', 0x20, 0x26], // local.*, global.*, table.get, table.set
  ['memory', 0x28, 0x3e],
  ['index', 0x3f, 0x40], // memory.size, memory.grow
  ['number', 0x41, 0x42],
  ['4 bytes', 0x43],
  ['8 bytes', 0x44],
  ['none', 0x45, 0xc4], // numeric, sign extension
  ['number', 0xd0], // ref.null
  ['none', 0xd1], // ref.is_null
  ['index', 0xd2], // ref.func
  ['prefix', PREFIX.bulk, PREFIX.simd],
];

const BULK: readonly Range[] = [
  ['none', 0x00, 0x07], // saturating truncation
  ['two indexes', 0x08], // memory.init
  ['index', 0x09], // data.drop
  ['two indexes', 0x0a], // memory.copy
  ['index', 0x0b], // memory.fill
  ['two indexes', 0x0c], // table.init
  ['index', 0x0d], // elem.drop
  ['two indexes', 0x0e], // table.copy
  ['index', 0x0f, 0x11], // table.grow, table.size, table.fill
];

const SIMD: readonly Range[] = [
  ['memory', 0x00, 0x0b],
  ['16 bytes', 0x0c, 0x0d], // v128.const, i8x16.shuffle
  ['none', 0x0e, 0x14],
  ['byte', 0x15, 0x22], // lanes
  ['none', 0x23, 0x53],
  ['memory and lane', 0x54, 0x5b],
  ['memory', 0x5c, 0x5d],
  ['none', 0x5e, 0xff],
  ['none', 0x100, 0x113], // relaxed
];

function spread(ranges: readonly Range[]): readonly (Immediates | undefined)[] {
  const table: Immediates[] = [];
  for (const [immediates, first, last = first] of ranges) table.fill(immediates, table.length);
  for (const [immediates, first, last = first] of ranges) {
    for (let opcode = first; opcode <= last; opcode += 1) table[opcode] = immediates;
  }
  return table;
}

const TABLES = { plain: spread(PLAIN), bulk: spread(BULK), simd: spread(SIMD) };
