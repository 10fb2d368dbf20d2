import type { Span } from './edit.ts';
import { expectShape } from './expect-shape.ts';
import { readStatements, type Statement } from './statements.ts';
import { plainText } from './text.ts';

/** `export function instantiate(…) { … }`, which is nearly all of jco's glue. */
export interface Entry {
  /** The glue without strings, comments and keys; positions are the same. */
  readonly plain: string;
  /** jco's own helpers, which are among the function's statements, by name. */
  readonly helpers: ReadonlyMap<string, Statement>;
}

/** The positions of its parts. */
export interface Outline extends Entry {
  /** The statement with the component's own code, a generator that is run immediately. */
  readonly generator: Statement;
  /** The generator's body, from its first brace to its last. */
  readonly body: Span;
  /** Its statements. */
  readonly bodyStatements: readonly Statement[];
  /** What they declare, by name. */
  readonly locals: ReadonlyMap<string, Statement>;
}

const ENTRY = /^export function instantiate\(getCoreModule, imports, instantiateCore = [^\n]*\) \{$/m;
const REST = /^\};?\s*export const _util = \{[^{}]*\};?\s*$/;
const GENERATOR = /^let gen\s*= \(function\* ?\w* ?\(\) \{/;

/** @throws GlueMismatch */
export function readEntry(glue: string): Entry {
  const plain = plainText(glue);
  const entry = ENTRY.exec(plain);
  expectShape(entry, 'there is no function instantiate');
  expectShape(/^\s*;?\s*$/.test(plain.slice(0, entry.index)), 'what comes before instantiate');
  const { statements, end: close } = readStatements(plain, entry.index + entry[0].length);
  expectShape(REST.test(plain.slice(close)), 'what comes after instantiate');
  return { plain, helpers: byName(statements) };
}

/** @throws GlueMismatch */
export function readOutline(glue: string): Outline {
  const entry = readEntry(glue);
  const { plain, helpers } = entry;
  const generator = helpers.get('gen');
  const opening = generator && GENERATOR.exec(plain.slice(generator.start, generator.end));
  expectShape(generator && opening, 'there is no generator');
  const start = generator.start + opening[0].length;
  const { statements: bodyStatements, end } = readStatements(plain, start);
  expectShape(/^\}\)\(\);$/.test(plain.slice(end, generator.end)), 'there is no generator');
  return {
    ...entry,
    generator,
    body: { start: start - 1, end: end + 1 },
    bodyStatements,
    locals: byName(bodyStatements),
  };
}

function byName(statements: readonly Statement[]): Map<string, Statement> {
  const found = new Map<string, Statement>();
  for (const statement of statements) {
    if (statement.name === undefined) continue;
    expectShape(!found.has(statement.name), `${statement.name} is declared twice`);
    found.set(statement.name, statement);
  }
  return found;
}

/** Parts of a function's text. */
export interface FunctionParts {
  readonly params: string;
  /** With its braces. */
  readonly body: string;
}

/** The parts of a function declaration; undefined for anything else. */
export function functionParts(text: string): FunctionParts | undefined {
  const [, params, body] = /^function [\w$]+\(([^()]*)\) (\{[\s\S]*\})$/.exec(text) ?? [];
  return params !== undefined && body !== undefined ? { params, body } : undefined;
}

/** The span of a variable's initial value; undefined if it has none, and for anything else. */
export function valueSpan(outline: Outline, name: string): Span | undefined {
  const statement = outline.locals.get(name);
  if (statement?.kind !== 'variable') return undefined;
  const text = outline.plain.slice(statement.start, statement.end);
  const [start] = /^\w+ [\w$]+\s*= ?/.exec(text) ?? [];
  return start === undefined ? undefined : { start: statement.start + start.length, end: statement.end - 1 };
}
