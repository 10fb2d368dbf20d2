import type { Editor } from '../edit.ts';
import { expectShape } from '../expect-shape.ts';
import { spanOf, statementWith } from '../text.ts';
import type { HostFunction } from './read.ts';
import type { SuspendMode } from './suspend-mode.ts';

/** Names of a task that must not remain. */
export const TASK_NAMES = ['hostProvided', 'parentTask', 'task', 'subtask', 'createTask', 'started'] as const;

const TASK =
  /const hostProvided = true;\s*let parentTask;\s*let task;\s*let subtask;\s*const createTask = \(\) => \{\s*const results = createNewCurrentTask\(\{[^{}]*\}\);\s*task = results\[0\];\s*\};\s*taskCreation: \{[\s\S]*?\}\s*const started = task\.enterSync\(\);/g;
const HOST_CALL =
  /(\btry \{\s*)((?:(?:(?:const|let|var) )?\w+ = )?)_withGlobalCurrentTaskMeta\(\{\s*componentIdx: task\.componentIdx\(\),\s*taskID: task\.id\(\),\s*fn: \(\) => _trackHostOperation\(\(\) => ([^;]+?)\),\s*\}\)(?=\s*;)/g;
const END = new RegExp(`${statementWith('task')}\\.(?:resolve|exit|setErrored|reject)\\([^;\\n]*\\);`, 'g');
const RETURN = /(?<![\w$.'])return\b/g;
const LAST_RETURN = /return ([^;\n]+);\s*\}$/;

/**
 * Makes the code of a host function call the host directly, without a task. `$callStack` records that the thread is on the
 * host's side, from before the first parameter is lifted until the last result is lowered.
 */
export function removeTask({ code, number, component }: HostFunction, mode: SuspendMode, edit: Editor): void {
  const name = `_trampoline${number}`;
  const [task, ...otherTasks] = [...code.matchAll(TASK)];
  expectShape(task && otherTasks.length === 0, `the task of ${name}`, code.slice(0, 200));
  edit.remove(spanOf(task));

  const enter = mode === 'retry' ? '$suspension.enter' : '$callStack.enterHost';
  const answer = mode === 'none' ? '' : ' let $answer;';
  edit.insert(code.indexOf('{') + 1, `\n${enter}(${component}, instanceFlags${component});${answer}`);
  callHost(code, mode, name, edit);
  for (const match of code.matchAll(END)) edit.remove(spanOf(match));
  keepTraps(code, component, edit);
  leave(code, name, edit);
  if (mode === 'async') edit.insert(0, 'async ');
}

function callHost(code: string, mode: SuspendMode, name: string, edit: Editor): void {
  const [call, ...others] = [...code.matchAll(HOST_CALL)];
  expectShape(call && others.length === 0, `the host call of ${name}`, code.slice(0, 200));
  const [, before = '', assignment = '', operation] = call;
  const statement = call.index + before.length;
  const span = spanOf(call, { skip: before.length + assignment.length });
  if (mode === 'none') {
    edit.replace(span, `$suspension.ready(${operation})`);
    return;
  }
  const defer = mode === 'retry' ? '{ $suspension.defer($answer); return 1; }' : '$answer = await $answer;';
  const ask = `$answer = ${operation};\nif ($suspension.isPromise($answer)) ${defer}`;
  edit.insert(
    statement,
    mode === 'retry'
      ? `if ($suspension.isSettled()) $answer = $suspension.outcome();\nelse { ${ask} }\n`
      : `${ask}\n`,
  );
  edit.replace(span, '$answer');
}

/** A trap remains a trap and never becomes a result. */
function keepTraps(code: string, component: number, edit: Editor): void {
  const mark = `\\(${component}\\)\\.markTrapped\\((e|err)\\)`;
  const statement = new RegExp(`${statementWith('getOrCreateAsyncState')}${mark};`, 'g');
  const condition = new RegExp(`(?<=\\bif \\()getOrCreateAsyncState${mark}(?=\\))`, 'g');
  for (const match of code.matchAll(statement)) edit.remove(spanOf(match));
  for (const match of code.matchAll(condition))
    edit.replace(spanOf(match), `${match[1]} instanceof WebAssemblyRuntimeError`);
}

/** The code returns to the guest only at its end, where results are computed before the side changes. */
function leave(code: string, name: string, edit: Editor): void {
  const returns = code.match(RETURN)?.length ?? 0;
  const last = LAST_RETURN.exec(code);
  expectShape(returns === (last ? 1 : 0), `${name} returns early`);
  if (!last) {
    edit.insert(code.length - 1, '$callStack.leaveHost();\n');
    return;
  }
  const start = last.index + 'return '.length;
  edit.insert(start, '$callStack.leaveHost(');
  edit.insert(start + last[1]!.length, ')');
}
