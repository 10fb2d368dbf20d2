import { expectShape } from '../expect-shape.ts';
import type { Rewriting } from '../rewriting.ts';
import type { RootExport } from '../root-exports.ts';
import { spanOf, statementWith } from '../text.ts';

/** The members of a task that `createRootCall` implements. */
const KNOWN =
  /^(setCalleeIsAsync|enterSync|mayBlock|id|componentIdx|setReturnMemoryIdx|setReturnMemory|resolve|isResolvedState|exit|isExited|setErrored|reject)$/;
/** The outer of two nested calls, and the inner one, which calls the guest. */
const OUTER =
  /\breturn _withGlobalCurrentTaskMeta\(\{\s*taskID: task\.id\(\),\s*componentIdx: task\.componentIdx\(\),\s*fn: (?=\(\) => \{)/g;
const INNER =
  /(?<![\w$.]|return )_withGlobalCurrentTaskMeta\(\{\s*taskID: task\.id\(\),\s*componentIdx: task\.componentIdx\(\),\s*fn: \(\) => ([\w$]+)\([^{}]*\),\s*\}\)/g;

/** Makes calls into the component create a small record instead of a task; those that may be suspended become async. */
export function simplifyRootExports(rewriting: Rewriting): void {
  const { edit, outline, rootExports, maySuspend } = rewriting;
  const runner = outline.helpers.get('_withGlobalCurrentTaskMeta');
  expectShape(runner?.kind === 'function', 'there is no helper _withGlobalCurrentTaskMeta');
  edit.replace(runner, 'function _withGlobalCurrentTaskMeta({ fn }) { return fn(); }');
  for (const rootExport of rootExports) {
    edit.replace(rootExport.task, `createRootCall($callStack, ${rootExport.component})`);
    simplify(rewriting, rootExport);
    if (maySuspend(rootExport)) suspend(rewriting, rootExport);
  }
}

function simplify({ edit, outline }: Rewriting, { code, component, name }: RootExport): void {
  const text = outline.plain.slice(code.start, code.end);
  const offset = code.start;
  const removed = new RegExp(
    `${statementWith('(?:let cstate = )?getOrCreateAsyncState')}\\(${component}\\)(?:\\.throwIfTrapped\\(\\)|\\.markTrapped\\(err\\))?;`,
    'g',
  );
  const leaving = new RegExp(`${statementWith('cstate')}\\.mayLeave = (true|false);`, 'g');
  for (const match of text.matchAll(removed)) edit.remove(spanOf(match, { offset }));
  for (const match of text.matchAll(leaving)) {
    const flag = match[1] === 'true' ? 1 : 0;
    edit.replace(spanOf(match, { offset }), `instanceFlags${component}.value = ${flag};`);
  }
  const others = text.replace(removed, '').replace(leaving, '');
  expectShape(!/(?<![\w$.])(?:cstate|getOrCreateAsyncState)\b/.test(others), `the state of ${name}`);
  for (const [, part = ''] of text.matchAll(/(?<![\w$.])task(?:\.|\?\.|\[)([\w$]*)/g))
    expectShape(KNOWN.test(part), `the task of ${name} (${part})`);
}

/** Passes an async function to the outer call, so that the inner one can be awaited. */
function suspend({ edit, outline }: Rewriting, { code, name }: RootExport): void {
  const text = edit.text(code);
  const [outer, ...outers] = [...text.matchAll(OUTER)];
  const [inner, ...inners] = [...text.matchAll(INNER)];
  const core = inner?.[1];
  expectShape(outer && core && outers.length + inners.length === 0, `the calls of ${name}`);
  expectShape(text.split('_withGlobalCurrentTaskMeta').length === 3, `the calls of ${name}`);
  edit.insert(code.start, 'async ');
  edit.insert(code.start + outer.index + outer[0].length, 'async ');
  edit.insert(code.start + inner.index, 'await ');

  const assignments = outline.bodyStatements.filter((statement) =>
    edit.text(statement).startsWith(`${core} = `),
  );
  expectShape(assignments.length === 1 && assignments[0], `the export behind ${name}`);
  edit.insert(assignments[0].start + `${core} = `.length, 'WebAssembly.promising(');
  edit.insert(assignments[0].end - 1, ')');
}
