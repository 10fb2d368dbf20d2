import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import type { RootExport } from '../root-exports.ts';
import { callsOf, isVariable, thunkOf, walk } from '../syntax.ts';

/** The parts of a task that `createRootCall` has. */
const KNOWN =
  /^(setCalleeIsAsync|enterSync|mayBlock|id|componentIdx|setReturnMemoryIdx|setReturnMemory|resolve|isResolvedState|exit|isExited|setErrored|reject)$/;

/** Calls into the component make a light record in place of a task; where a guest may be suspended they are async. */
export function simplifyRootExports(rewriting: Rewriting): void {
  const { edit, outline, rootExports, maySuspend } = rewriting;
  const runner = outline.helpers.get('_withGlobalCurrentTaskMeta');
  must(runner?.value?.type === 'FunctionDeclaration', 'there is no helper _withGlobalCurrentTaskMeta');
  edit.replace(runner.value, 'function _withGlobalCurrentTaskMeta({ fn }) { return fn(); }');
  for (const rootExport of rootExports) {
    edit.replace(rootExport.task, `createRootCall($calls, ${rootExport.component})`);
    simplify(rewriting, rootExport);
    if (maySuspend(rootExport)) suspend(rewriting, rootExport);
  }
}

function simplify({ edit }: Rewriting, { code, component }: RootExport): void {
  const state = `getOrCreateAsyncState(${component})`;
  walk(code.body, (node, parent) => {
    if (node.type === 'ExpressionStatement') {
      const text = edit.text(node);
      if (text === `${state}.throwIfTrapped();` || text === `${state}.markTrapped(err);`) edit.remove(node);
      else if (text === 'cstate.mayLeave = false;')
        edit.replace(node, `instanceFlags${component}.value = 0;`);
      else if (text === 'cstate.mayLeave = true;') edit.replace(node, `instanceFlags${component}.value = 1;`);
      else return true;
      return false;
    }
    if (node.type === 'VariableDeclaration' && edit.text(node) === `let cstate = ${state};`) {
      edit.remove(node);
      return false;
    }
    if (!isVariable(node, parent)) return true;
    must(node.name !== 'cstate' && node.name !== 'getOrCreateAsyncState', `the state of ${code.id.name}`);
    const part =
      node.name === 'task' && parent?.type === 'MemberExpression' ? edit.text(parent.property) : 'id';
    must(KNOWN.test(part), `the task of ${code.id.name} (${part})`);
    return true;
  });
}

/**
 * The outer of its two nested calls gets an async function, so the inner one, which calls the guest, can be awaited.
 */
function suspend({ edit, outline }: Rewriting, { code }: RootExport): void {
  const name = code.id.name;
  const [outer, inner, ...others] = callsOf(code, '_withGlobalCurrentTaskMeta');
  const all = thunkOf(outer?.arguments[0], 'fn');
  const call = thunkOf(inner?.arguments[0], 'fn')?.body;
  must(all?.body.type === 'BlockStatement' && inner && others.length === 0, `the calls of ${name}`);
  must(call?.type === 'CallExpression' && call.callee.type === 'Identifier', `the calls of ${name}`);
  const core = call.callee.name;
  edit.insert(code.start, 'async ');
  edit.insert(all.start, 'async ');
  edit.insert(inner.start, 'await ');

  const assignments = outline.body.body.flatMap((statement) => {
    const assigned = statement.type === 'ExpressionStatement' ? statement.expression : undefined;
    const isOurs = assigned?.type === 'AssignmentExpression' && edit.text(assigned.left) === core;
    return isOurs ? [assigned.right] : [];
  });
  must(assignments.length === 1 && assignments[0], `the export behind ${name}`);
  edit.insert(assignments[0].start, 'WebAssembly.promising(');
  edit.insert(assignments[0].end, ')');
}
