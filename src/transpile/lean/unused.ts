import { createEditor } from './edit.ts';
import { expectShape } from './expect-shape.ts';
import { readEntry } from './outline.ts';
import type { Statement } from './statements.ts';
import { declaredInText, namesInText } from './text.ts';

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

/** Of `instantiate`. */
const PARAMETERS = ['getCoreModule', 'imports', 'instantiateCore'];

/** What glue relies on that is not in its text. */
export interface Surroundings {
  /** Names that are used elsewhere. */
  readonly used: Iterable<string>;
  /** Names that are declared elsewhere. */
  readonly declared: Iterable<string>;
}

/**
 * Takes out jco's helpers that nothing uses any more: they would be parsed, and most of them evaluated, for nothing.
 * What is left is a check of the rewrites: all its names are known, the machinery is gone.
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
  // Coarse, without scopes; what the rewrites removed had names that occur once.
  const unknown = [...used].filter(
    (name) => !declared.has(name) && !(name in globalThis) && name !== 'undefined' && name !== 'arguments',
  );
  expectShape(unknown.length === 0, `${unknown.join(', ')} is not declared`);
  return edit.result();
}

/** One name, and nothing happens when it is declared. */
function isRemovable({ kind, start, end }: Statement, plain: string): boolean {
  if (kind !== 'variable') return kind !== 'other';
  return !/(?<![\w$.])(?:imports|getCoreModule)\b/.test(plain.slice(start, end));
}
