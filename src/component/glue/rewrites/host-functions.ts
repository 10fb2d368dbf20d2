import type { Editor } from '../edit.ts';
import type { HostFunction } from '../host-functions.ts';
import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import {
  type BlockStatement,
  type CallExpression,
  calleeName,
  callsOf,
  isFunction,
  isVariable,
  type ReturnStatement,
  type Statement,
  thunkOf,
  walk,
} from '../syntax.ts';

/** What jco declares for the tasks of a call, in this order, with the label that follows. */
const TASK = ['hostProvided', 'parentTask', 'task', 'subtask', 'createTask', 'taskCreation', 'started'];

/**
 * Calls the host from a host function's code at once, without a task. `$calls` notes that the thread is on the host's
 * side from the first parameter lifted to the last result lowered.
 */
export function simplifyHostFunctions(rewriting: Rewriting): void {
  for (const hostFunction of rewriting.hostFunctions) simplify(rewriting, hostFunction);
}

function simplify({ edit, mayWait }: Rewriting, hostFunction: HostFunction): void {
  const { code, number, component } = hostFunction;
  const name = `_trampoline${number}`;
  const body = code.body.body;
  const first = body.findIndex((statement) => declaredName(statement) === TASK[0]);
  const names = body.slice(first, first + TASK.length).map(declaredName);
  must(first >= 0 && names.join() === TASK.join(), `the task of ${name}`);
  edit.remove({ start: body[first]!.start, end: body[first + TASK.length - 1]!.end });

  const rest = body.slice(first + TASK.length);
  const calls = rest.flatMap((statement) => callsOf(statement, '_withGlobalCurrentTaskMeta'));
  must(calls.length === 1 && calls[0], `the host call of ${name}`);
  const operation = hostCall(calls[0], name);
  const waits = mayWait(hostFunction);
  const way = waits ? wayToWait(hostFunction) : 'never';
  const enter = way === 'twice' ? '$waits.enter' : '$calls.enterHost';
  edit.insert(
    code.body.start + 1,
    `\n${enter}(${component}, instanceFlags${component});${waits ? ' let $answer;' : ''}`,
  );
  if (way === 'never') edit.replace(calls[0], `$waits.ready(${edit.text(operation)})`);
  else {
    const statement = ownerOf(code.body, calls[0], name);
    const park = way === 'twice' ? '{ $waits.park($answer); return 1; }' : '$answer = await $answer;';
    const ask = `$answer = ${edit.text(operation)};\nif ($waits.isPromise($answer)) ${park}`;
    edit.insert(
      statement.start,
      way === 'twice' ? `if ($waits.isSettled()) $answer = $waits.outcome();\nelse { ${ask} }\n` : `${ask}\n`,
    );
    edit.replace(calls[0], '$answer');
    if (way === 'always') edit.insert(code.start, 'async ');
  }
  removeTask(rest, hostFunction, edit);
  leave(code.body, name, edit);
}

/**
 * How a host function that may wait does so.
 *
 * - `twice`: when the host answers with a promise, it returns 1; when that has settled it is called again with the same
 *   parameters and takes the outcome. The guest is suspended only if there is something to wait for.
 * - `always`: it is async, and suspends the guest for each call. For functions that cannot be called twice or whose
 *   signature in wasm is not certain.
 */
export function wayToWait({ code, params }: HostFunction): 'twice' | 'always' {
  let returns = false;
  let gives = false;
  walk(code.body, (node) => {
    if (node.type === 'ReturnStatement' && node.argument) returns = true;
    if (calleeName(node) === 'rscTableRemove') gives = true;
    return !isFunction(node);
  });
  return params === undefined || returns || gives ? 'always' : 'twice';
}

/** The `operation` of `_withGlobalCurrentTaskMeta({ …, fn: () => _trackHostOperation(() => operation) })`. */
function hostCall(call: CallExpression, name: string): CallExpression['arguments'][number] {
  const tracked = thunkOf(call.arguments[0], 'fn')?.body;
  must(
    tracked?.type === 'CallExpression' && callsOf(tracked, '_trackHostOperation')[0] === tracked,
    `the host call of ${name}`,
  );
  const operation = tracked.arguments[0];
  must(
    operation?.type === 'ArrowFunctionExpression' &&
      !operation.async &&
      operation.body.type !== 'BlockStatement',
    `the host call of ${name}`,
  );
  return operation.body;
}

/** The statement of the call, directly in a `try` block. */
function ownerOf(body: BlockStatement, call: CallExpression, name: string): Statement {
  const holds = (statement: Statement): boolean => statement.start <= call.start && call.end <= statement.end;
  const attempt = body.body.find(holds);
  must(attempt?.type === 'TryStatement', `the host call of ${name}`);
  const statement = attempt.block.body.find(holds);
  must(
    statement?.type === 'ExpressionStatement' || statement?.type === 'VariableDeclaration',
    `the host call of ${name}`,
  );
  return statement;
}

/** What is left of the task: its result, its end, its failure. A trap stays a trap, never a result. */
function removeTask(rest: readonly Statement[], { number, component }: HostFunction, edit: Editor): void {
  const marksTrap = new RegExp(`^getOrCreateAsyncState\\(${component}\\)\\.markTrapped\\((e|err)\\)$`);
  for (const statement of rest) {
    walk(statement, (node, parent) => {
      if (node.type === 'ExpressionStatement') {
        const text = edit.text(node);
        if (!/^task\.(resolve|exit|setErrored|reject)\(/.test(text) && !marksTrap.test(text.slice(0, -1)))
          return true;
        edit.remove(node);
        return false;
      }
      if (node.type === 'CallExpression') {
        if (calleeName(node) === '_debugLog' || calleeName(node) === '_withGlobalCurrentTaskMeta')
          return false;
        const error = parent?.type === 'IfStatement' && marksTrap.exec(edit.text(node))?.[1];
        if (!error) return true;
        edit.replace(node, `${error} instanceof WebAssemblyRuntimeError`);
        return false;
      }
      must(!isVariable(node, parent) || !TASK.includes(node.name), `the task of _trampoline${number}`);
      return true;
    });
  }
}

/** The only way back to the guest is at the end, where results are computed before the side changes. */
function leave(body: BlockStatement, name: string, edit: Editor): void {
  const returns: ReturnStatement[] = [];
  walk(body, (node) => {
    if (node.type === 'ReturnStatement') returns.push(node);
    return !isFunction(node);
  });
  const last = body.body.at(-1);
  must(last && returns.every((node) => node === last), `${name} returns early`);
  if (last.type === 'ReturnStatement' && last.argument) {
    edit.insert(last.argument.start, '$calls.leaveHost(');
    edit.insert(last.argument.end, ')');
  } else edit.insert(body.end - 1, '$calls.leaveHost();\n');
}

function declaredName(statement: Statement): string | undefined {
  if (statement.type === 'LabeledStatement') return statement.label.name;
  const id = statement.type === 'VariableDeclaration' ? statement.declarations[0]?.id : undefined;
  return id?.type === 'Identifier' ? id.name : undefined;
}
