import { createEditor } from './edit.ts';
import { expectShape } from './expect-shape.ts';
import { readEntry } from './outline.ts';
import type { Statement } from './statements.ts';
import { declaredInText, namesInText } from './text.ts';

/** Parts of jco's machinery that lean glue must not use: if it does, a rewrite has missed something. */
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

/** The parameters of `instantiate`. */
const PARAMETERS = ['getCoreModule', 'imports', 'instantiateCore'];

/** Names that connect the glue with code outside of its text. */
export interface Surroundings {
  /** Names that are used elsewhere. */
  readonly used: Iterable<string>;
  /** Names that are declared elsewhere. */
  readonly declared: Iterable<string>;
}

/**
 * Removes jco's helpers that are no longer used: they would be parsed, and most of them evaluated, for nothing. Then checks the
 * rewrites: all remaining names are declared, and none belongs to jco's machinery.
 */
export function removeUnused(glue: string, surroundings: Surroundings): string {
  const { plain, helpers } = readEntry(glue);
  const edit = createEditor(glue);
  const owners = new Map([...helpers].filter(([, statement]) => isRemovable(statement, plain)));
  const removable = new Set(owners.values());
  const declared = new Set([...PARAMETERS, ...surroundings.declared]);
  const used = new Set<string>();
  const pending: string[] = [];
  const use = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    const owner = owners.get(name);
    if (owner !== undefined) pending.push(plain.slice(owner.start, owner.end));
  };
  for (const name of surroundings.used) use(name);
  let at = 0;
  for (const { start, end } of removable) {
    pending.push(plain.slice(at, start));
    at = end;
  }
  pending.push(plain.slice(at));
  for (let text = pending.pop(); text !== undefined; text = pending.pop()) {
    for (const name of declaredInText(text)) declared.add(name);
    for (const name of namesInText(text)) use(name);
  }
  for (const [name, statement] of owners) if (!used.has(name)) edit.remove(statement);
  const reached = MACHINERY.filter((name) => used.has(name));
  expectShape(reached.length === 0, `${reached.join(', ')} is still in use`);
  // Ignores scopes; this suffices because the names that the rewrites remove are unique.
  const unknown = [...used].filter(
    (name) => !declared.has(name) && !(name in globalThis) && name !== 'undefined' && name !== 'arguments',
  );
  expectShape(unknown.length === 0, `${unknown.join(', ')} is not declared`);
  return edit.result();
}

/** Whether it declares a single name, and its declaration has no side effects. */
function isRemovable({ kind, start, end }: Statement, plain: string): boolean {
  if (kind !== 'variable') return kind !== 'other';
  return !/(?<![\w$.])(?:imports|getCoreModule)\b/.test(plain.slice(start, end));
}
