import {
  createOutput,
  encodeName,
  encodeSection,
  putAll,
  putByte,
  putNumber,
  written,
} from '../wasm/encode.ts';
import { SECTION, type Section } from '../wasm/sections.ts';

/** The index of a function, and the positions in its body of the branches that are rarely taken. */
export type HintedFunction = readonly [index: number, branches: readonly number[]];

const NAME = 'metadata.code.branch_hint';

/** Sections with these names refer to positions in the code, so they are wrong once code was added. */
const METADATA = 'metadata.code.';

/** The value of a hint, which has one byte. */
const UNLIKELY = 0;

/** Marks branches as unlikely, so that the compiler moves their code out of the way; without hints, tight loops take half as long again. */
export function encodeBranchHints(functions: readonly HintedFunction[]): Uint8Array {
  const output = createOutput(1024);
  putAll(output, encodeName(NAME));
  putNumber(output, functions.length);
  for (const [index, branches] of functions) {
    putNumber(output, index);
    putNumber(output, branches.length);
    for (const branch of branches) {
      putNumber(output, branch);
      putByte(output, 1);
      putByte(output, UNLIKELY);
    }
  }
  return encodeSection(SECTION.custom, written(output));
}

/** Whether a section refers to positions in the code. */
export function isCodeMetadata(section: Section): boolean {
  return section.id === SECTION.custom && section.read().name().startsWith(METADATA);
}
