import { expectShape } from '../expect-shape.ts';
import { functionParts, valueSpan } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';
import type { Statement } from '../statements.ts';
import { type Replacement, replaceHelpers } from './replace-helpers.ts';

const REPLACED: readonly Replacement[] = [
  ['rscTableCreateOwn', 'table, rep', '$handles.own'],
  ['rscTableRemove', 'table, handle', '$handles.remove'],
  ['rscTableGet', 'table, handle', '(table, handle) => ({ rep: $handles.rep(table, handle) })'],
];

/**
 * Makes each operation check its handles. To know which component defines a resource, jco keeps every representation that a
 * table ever contained: that grows with each request, and is wrong for a resource that is returned to its component. Here,
 * the component that creates the resources is taken to define them.
 */
export function checkHandleTables(rewriting: Rewriting): void {
  const { outline, edit } = rewriting;
  replaceHelpers(rewriting, REPLACED);
  for (const statement of outline.bodyStatements) {
    if (/^handleTable\d+\._createdReps = new Set\(\);$/.test(edit.text(statement))) edit.remove(statement);
  }
  const definers = markDefiners(rewriting);
  for (const [name, statement] of outline.locals) {
    if (!/^trampoline\d+$/.test(name) || statement.kind !== 'function') continue;
    const body = functionParts(edit.text(statement))?.body ?? '';
    if (body.includes('rscTableRemove')) checkDrop(rewriting, statement, body, definers);
    else if (body.includes('rscTableGet')) expectShape(REP.test(body), `what ${name} does`);
  }
}

const REP = /^\{\s*return rscTableGet\(handleTable\d+, handle\)\.rep;\s*\}$/;

/** Components, by the source text of the destructor of their resources. */
type Definers = ReadonlyMap<string, string>;

function markDefiners({ outline, edit }: Rewriting): Definers {
  const definers = new Map<string, string>();
  const texts = outline.bodyStatements.map((statement) => edit.text(statement));
  for (const [name, statement] of outline.locals) {
    const span = valueSpan(outline, name);
    const value = span ? edit.text(span) : '';
    if (!value.startsWith('rscTableCreateOwn.bind(')) continue;
    const [, number] = /^rscTableCreateOwn\.bind\(null, handleTable(\d+)\)$/.exec(value) ?? [];
    expectShape(number && /^trampoline\d+$/.test(name), `the resources of ${name}`);
    edit.insert(statement.end, ` handleTable${number}.defines = true;`);
    const owned = new RegExp(`^handleTable${number}\\._componentIdx = (\\d+);$`);
    const owner = texts.map((text) => owned.exec(text)?.[1]).find((component) => component !== undefined);
    expectShape(owner, `the component that defines resources of handleTable${number}`);
    const registry = outline.locals.get(`finalizationRegistry${number}`);
    const registered = valueSpan(outline, `finalizationRegistry${number}`);
    expectShape(registry && registered, `the finalization of handleTable${number}`);
    const destructor = destructorOf(edit.text(registered));
    // For handles that the host drops; this host gets none.
    edit.remove(registry);
    if (destructor === undefined) continue;
    expectShape((definers.get(destructor) ?? owner) === owner, `${destructor} belongs to two components`);
    definers.set(destructor, owner);
  }
  return definers;
}

/** `exports0['15']` of `exports0['15'](rep);`; undefined when there is no destructor. */
function destructorOf(registry: string): string | undefined {
  const match =
    /^finalizationRegistryCreate\(\(handle\) => \{\s*const \{ rep \} = rscTableRemove\(handleTable\d+, handle\);\s*(?:(exports\d+(?:\['[^']*'\]|\.[\w$]+))\(rep\);\s*)?\}\)$/.exec(
      registry,
    );
  expectShape(match, 'the finalization of a resource');
  return match[1];
}

const DROP =
  /^\{\s*const handleEntry = rscTableRemove\(handleTable\d+, handle\);\s*if \(handleEntry\.own\) \{\s*([\s\S]*?)\s*\}\s*\}$/;
const HOST_DROP =
  /^const rsc = (captureTable\d+)\.get\(handleEntry\.rep\);\s*if \(rsc\) \{\s*if \(rsc\[symbolDispose\]\) rsc\[symbolDispose\]\(\);\s*\1\.delete\(handleEntry\.rep\);\s*\} else if \(([\w$]+)\[symbolCabiDispose\]\) \{\s*\2\[symbolCabiDispose\]\(handleEntry\.rep\);\s*\}$/;
/** For a type that neither the host nor a component creates. */
const NEVER_DROPPED = /^throw new TypeError\('unreachable trampoline for resource \[[\w()]+\]'\)$/;
const GUEST_DROP = /^(exports\d+(?:\['[^']*'\]|\.[\w$]+))\(handleEntry\.rep\);$/;

/** A destructor runs in the component that defines the resource, which must not be running unless it drops its own resource. */
function checkDrop({ edit }: Rewriting, drop: Statement, body: string, definers: Definers): void {
  const [, action] = DROP.exec(body) ?? [];
  expectShape(action !== undefined, `what ${drop.name} does`);
  if (action === '' || HOST_DROP.test(action)) return;
  const [, destructor] = GUEST_DROP.exec(action) ?? [];
  expectShape(destructor || NEVER_DROPPED.test(action), `what ${drop.name} does`);
  const start = drop.start + edit.text(drop).indexOf(action);
  const component = destructor === undefined ? undefined : definers.get(destructor);
  edit.replace(
    { start, end: start + action.length },
    component === undefined
      ? "$callStack.trap('a resource that no component makes');"
      : `$callStack.destroy(${component}, ${destructor}, handleEntry.rep);`,
  );
}
