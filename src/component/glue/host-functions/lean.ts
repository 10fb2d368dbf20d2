import { createEditor } from '../edit.ts';
import { findMemoryAccesses } from '../memory-accesses.ts';
import { must } from '../mismatch.ts';
import { removeLogged } from '../rewrites/debug-log.ts';
import { declaredInText, endsWithItsBlock, namesInText, plainText } from '../text.ts';
import { checkHandles, HANDLE_NAMES } from './handles.ts';
import type { HostFunction } from './read.ts';
import { removeTask, TASK_NAMES } from './task.ts';
import type { WayToWait } from './waiting.ts';

/** The code of a host function without what it does not need. */
export interface LeanCode {
  readonly code: string;
  /** Memories that it reads or writes through views, in the order of the text. */
  readonly memories: readonly string[];
  /** Names of variables and functions in it. */
  readonly names: ReadonlySet<string>;
  /** Those that it declares. */
  readonly declared: ReadonlySet<string>;
}

/** Only known elsewhere. */
const FOREIGN = ['TextDecoder', 'contextGet', 'contextSet', '_guardMayLeave', 'WebAssembly'] as const;

/** @throws GlueMismatch when there is anything in it that is not of a known form */
export function leanCode(hostFunction: HostFunction, way: WayToWait): LeanCode {
  const { code, number, gap } = hostFunction;
  const edit = createEditor(code);
  removeLogged(edit);
  const accesses = findMemoryAccesses(code);
  for (const access of accesses) edit.replace(access, access.text);
  checkHandles(hostFunction, edit);
  removeTask(hostFunction, way, edit);

  const lean = edit.result();
  const plain = plainText(lean);
  must(endsWithItsBlock(plain), `the end of _trampoline${number}`);
  const names = namesInText(plain);
  must(!TASK_NAMES.some((name) => names.has(name)), `the task of _trampoline${number}`);
  must(!HANDLE_NAMES.some((name) => names.has(name)), `handles of _trampoline${number}`);
  const isKnown = !FOREIGN.some((name) => names.has(name)) && !code.includes('Object.assign(');
  must(isKnown, `what _trampoline${number} does`);
  return {
    code: `${lean}${gap}`,
    memories: accesses.flatMap(({ memory }) => memory ?? []),
    names,
    declared: declaredInText(plain),
  };
}
