import { createOutput, encodeName, encodeSection, put, putAll, putNumber, written } from '../wasm/encode.ts';
import { SECTION, type Section } from '../wasm/sections.ts';

/** A function by its index, and where in its body the branches are that are hardly ever taken. */
export type HintedFunction = readonly [index: number, branches: readonly number[]];

const NAME = 'metadata.code.branch_hint';

/** Metadata of code says where in it something is: nothing of it is true any more once code was added. */
const METADATA = 'metadata.code.';

const UNLIKELY = [1, 0] as const;

/** Tells the compiler of branches, so that it moves what follows them out of the way: tight loops cost half as much again otherwise. */
export function encodeBranchHints(functions: readonly HintedFunction[]): Uint8Array {
  const output = createOutput(1024);
  putAll(output, encodeName(NAME));
  putNumber(output, functions.length);
  for (const [index, branches] of functions) {
    putNumber(output, index);
    putNumber(output, branches.length);
    for (const branch of branches) {
      putNumber(output, branch);
      put(output, ...UNLIKELY);
    }
  }
  return encodeSection(SECTION.custom, written(output));
}

/** Whether a section says something of code by its place. */
export function isCodeMetadata(section: Section): boolean {
  return section.id === SECTION.custom && section.read().name().startsWith(METADATA);
}
