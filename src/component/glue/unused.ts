import { createEditor } from './edit.ts';
import { must } from './mismatch.ts';
import { readOutline } from './outline.ts';
import { type AnyNode, namesIn, type Statement, walk } from './syntax.ts';

/** Parts of jco's machinery that lean glue must not reach: a rewrite missed something if it does. */
const MACHINERY = [
  'AsyncTask',
  'ComponentAsyncState',
  'createNewCurrentTask',
  'getCurrentTask',
  'getOrCreateAsyncState',
  '_lowerImportBackwardsCompat',
  '_setGlobalCurrentTaskMeta',
  '_suspendingImport',
  '_trackHostOperation',
  '_debugLog',
  '_createdReps',
  'curResourceBorrows',
];

/**
 * Takes out jco's helpers that nothing uses any more: they would be parsed, and most of them evaluated, for nothing.
 * What is left is the last check of the rewrites: it parses, all its names are known, the machinery is gone.
 */
export function removeUnused(glue: string): string {
  const outline = readOutline(glue);
  const edit = createEditor(glue);
  const used = new Set<string>();
  const owners = new Map<string, Statement>();
  for (const [name, { statement }] of outline.helpers) {
    if (isRemovable(statement)) owners.set(name, statement);
  }
  const removable = new Set(owners.values());
  const pending: AnyNode[] = outline.entry.body.body.filter((statement) => !removable.has(statement));
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const name of namesIn(node)) {
      if (used.has(name)) continue;
      used.add(name);
      const owner = owners.get(name);
      if (owner !== undefined) pending.push(owner);
    }
  }
  for (const [name, statement] of owners) if (!used.has(name)) edit.remove(statement);
  const reached = MACHINERY.filter((name) => used.has(name));
  must(reached.length === 0, `${reached.join(', ')} is still in use`);
  checkNames(outline.program, used);
  return edit.result();
}

/** One name, and nothing happens when it is declared. */
function isRemovable(statement: Statement): boolean {
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') return true;
  if (statement.type !== 'VariableDeclaration' || statement.declarations.length !== 1) return false;
  const names = namesIn(statement);
  return (
    !names.has('imports') &&
    !names.has('getCoreModule') &&
    statement.declarations[0]?.id.type === 'Identifier'
  );
}

/** Coarse, without scopes; what the rewrites removed had names that occur once. */
function checkNames(program: AnyNode, used: ReadonlySet<string>): void {
  const declared = new Set<string>();
  const declare = (pattern: AnyNode | null | undefined): void => {
    if (!pattern) return;
    for (const name of namesIn(pattern)) declared.add(name);
  };
  walk(program, (node) => {
    if (node.type === 'VariableDeclarator') declare(node.id);
    else if (node.type === 'CatchClause') declare(node.param);
    else if (node.type === 'ClassDeclaration') declare(node.id);
    else if (node.type === 'LabeledStatement') declared.add(node.label.name);
    if ('params' in node) for (const param of node.params) declare(param);
    if (node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') declare(node.id);
  });
  const unknown = [...used].filter(
    (name) => !declared.has(name) && !(name in globalThis) && name !== 'undefined' && name !== 'arguments',
  );
  must(unknown.length === 0, `${unknown.join(', ')} is not declared`);
}
