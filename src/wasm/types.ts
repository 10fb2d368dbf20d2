import type { Reader } from './reader.ts';

/** Size of a memory, in pages of 64 KiB. */
export interface MemoryType {
  readonly min: number;
  /** As declared; undefined if the module declares no maximum. */
  readonly max: number | undefined;
}

const FLAG = { maximum: 1, shared: 2, wide: 4, pageSize: 8 } as const;

/** Reads the type of a memory. Refuses what `MemoryType` cannot express (shared, 64-bit), so that no limit misses it. */
export function readMemoryType(reader: Reader): MemoryType {
  const flags = reader.u8();
  if (flags & FLAG.shared) reader.fail('shared memory is not supported');
  if (flags & FLAG.wide) reader.fail('64-bit memory is not supported');
  if (flags & ~FLAG.maximum) reader.fail('a memory has unknown properties');
  const min = reader.u32();
  return { min, max: flags & FLAG.maximum ? reader.u32() : undefined };
}

/** Steps over the type of a memory, also of one that is not supported. Returns whether its addresses have 64 bits. */
export function skipMemoryType(reader: Reader): boolean {
  const flags = reader.u8();
  reader.skipNumber();
  if (flags & FLAG.maximum) reader.skipNumber();
  if (flags & FLAG.pageSize) reader.u32();
  return (flags & FLAG.wide) !== 0;
}

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'reference';

/** As signed LEB128, as in the format. */
const VALUE_TYPES: ReadonlyMap<number, ValueType> = new Map([
  [-0x01, 'i32'],
  [-0x02, 'i64'],
  [-0x03, 'f32'],
  [-0x04, 'f64'],
  [-0x05, 'v128'],
]);

/** `(ref ht)` and `(ref null ht)`: a heap type follows. */
const isTypedReference = (code: number): boolean => code === -0x1c || code === -0x1d;

/** Precedes the index of a type that must match exactly. */
const EXACT = -0x1e;

/** Skips a heap type: an abstract one, or the index of a type. */
export function skipHeapType(reader: Reader): void {
  if (reader.s33() === EXACT) reader.u32();
}

export function readValueType(reader: Reader): ValueType {
  const code = reader.s33();
  if (isTypedReference(code)) skipHeapType(reader);
  if (code >= 0) reader.fail('a value type is expected');
  return VALUE_TYPES.get(code) ?? 'reference';
}

/** Skips the type of a block: nothing, a value type, or the index of a function type. */
export function skipBlockType(reader: Reader): void {
  if (isTypedReference(reader.s33())) skipHeapType(reader);
}

/** Reads the type of a global; `mutable` is whether the guest may change it. */
export function readGlobalType(reader: Reader): { type: ValueType; mutable: boolean } {
  const type = readValueType(reader);
  const mutability = reader.u8();
  if (mutability > 1) reader.fail('a global has unknown properties');
  return { type, mutable: mutability === 1 };
}
