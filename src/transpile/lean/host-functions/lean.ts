import { createEditor, type Editor } from '../edit.ts';
import { expectShape } from '../expect-shape.ts';
import { removeLogged } from '../logged.ts';
import { findMemoryAccesses } from '../memory-accesses.ts';
import { declaredInText, endsWithItsBlock, namesInText, plainText, spanOf } from '../text.ts';
import { checkHandles, HANDLE_NAMES } from './handles.ts';
import type { HostFunction } from './read.ts';
import type { SuspendMode } from './suspend-mode.ts';
import { removeTask, TASK_NAMES } from './task.ts';

/** The code of a host function without unneeded parts. */
export interface LeanCode {
  readonly code: string;
  /** Memories that it reads or writes through views, in the order of the text. */
  readonly memories: readonly string[];
  /** Names of variables and functions in it. */
  readonly names: ReadonlySet<string>;
  /** Names that it declares. */
  readonly declared: ReadonlySet<string>;
}

/** Names that are declared elsewhere in the glue. */
const FOREIGN = ['TextDecoder', 'contextGet', 'contextSet', '_guardMayLeave', 'WebAssembly'] as const;

const LIST = /\bvar result(\d+) = \[\];(?=\s*for \(let i = 0; i < len\1; i\+\+\) \{)/g;
const UTF16 = /(?<=\butf16Decoder\.decode\()new Uint16Array\(memory\d+\.buffer, \w+, \w+\)(?=\))/g;

/** Charges the guest before anything is lifted; strings and lists of bytes are charged when memory is read. */
function chargeLifts({ code, number }: HostFunction, edit: Editor): void {
  const lists = [...code.matchAll(LIST)];
  expectShape(
    lists.length === (code.match(/\bvar result\d+ = \[\];/g)?.length ?? 0),
    `a list of _trampoline${number}`,
  );
  for (const match of lists) {
    edit.insert(match.index + match[0].length, ` $memoryReader.elements(len${match[1]});`);
  }
  const texts = [...code.matchAll(UTF16)];
  expectShape(texts.length === code.split('utf16Decoder').length - 1, `a text of _trampoline${number}`);
  for (const match of texts) {
    edit.insert(match.index, '$memoryReader.units(');
    edit.insert(match.index + match[0].length, ')');
  }
}

const THROWN = /(?<=\bthrow |\bgetErrorPayload\()(?:e|err)(?=[;)])/g;

/** Adapters between components catch everything that a host function throws, including an exit of the guest. */
function noteThrown({ code }: HostFunction, edit: Editor): void {
  for (const match of code.matchAll(THROWN)) edit.replace(spanOf(match), `$callStack.thrown(${match[0]})`);
}

/** @throws GlueMismatch if any part of it has an unknown form */
export function leanCode(hostFunction: HostFunction, mode: SuspendMode): LeanCode {
  const { code, number, gap } = hostFunction;
  const edit = createEditor(code);
  removeLogged(edit);
  const accesses = findMemoryAccesses(code);
  for (const access of accesses) edit.replace(access, access.text);
  chargeLifts(hostFunction, edit);
  noteThrown(hostFunction, edit);
  checkHandles(hostFunction, edit);
  removeTask(hostFunction, mode, edit);

  const lean = edit.result();
  const plain = plainText(lean);
  expectShape(endsWithItsBlock(plain), `the end of _trampoline${number}`);
  const names = namesInText(plain);
  expectShape(!TASK_NAMES.some((name) => names.has(name)), `the task of _trampoline${number}`);
  expectShape(!HANDLE_NAMES.some((name) => names.has(name)), `handles of _trampoline${number}`);
  const isKnown = !FOREIGN.some((name) => names.has(name)) && !code.includes('Object.assign(');
  expectShape(isKnown, `what _trampoline${number} does`);
  return {
    code: `${lean}${gap}`,
    memories: accesses.flatMap(({ memory }) => memory ?? []),
    names,
    declared: declaredInText(plain),
  };
}
