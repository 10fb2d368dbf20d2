import { must } from './mismatch.ts';
import {
  type AnyNode,
  type BlockStatement,
  type Expression,
  type FunctionDeclaration,
  isFunction,
  type Program,
  parseModule,
  type Statement,
} from './syntax.ts';

/** A variable or function: the statement that declares it, and the function or the variable's first value. */
export interface Declared {
  readonly statement: Statement;
  readonly value: FunctionDeclaration | Expression | undefined;
}

/** Where things are in glue that jco generated. */
export interface Outline {
  readonly program: Program;
  /** `export function instantiate(…) { … }`. */
  readonly entry: FunctionDeclaration;
  /** Its body: jco's own helpers, declared by name. */
  readonly helpers: ReadonlyMap<string, Declared>;
  /** The statement that holds the component's own code, a generator that is run at once. */
  readonly generator: Statement;
  /** The generator's body. */
  readonly body: BlockStatement;
  /** What is declared directly in it. */
  readonly locals: ReadonlyMap<string, Declared>;
}

/** @throws GlueMismatch, SyntaxError */
export function readOutline(glue: string): Outline {
  const program = parseModule(glue);
  const entry = program.body
    .map((node) => (node.type === 'ExportNamedDeclaration' ? node.declaration : undefined))
    .find((node) => node?.type === 'FunctionDeclaration' && node.id.name === 'instantiate');
  must(entry?.type === 'FunctionDeclaration', 'there is no function instantiate');
  const helpers = declarations(entry.body);
  const generator = helpers.get('gen');
  let made: AnyNode | undefined = generator?.value;
  while (made?.type === 'CallExpression' || made?.type === 'ParenthesizedExpression') {
    made = made.type === 'CallExpression' ? made.callee : made.expression;
  }
  must(generator && made?.type === 'FunctionExpression' && made.generator, 'there is no generator');
  return {
    program,
    entry,
    helpers,
    generator: generator.statement,
    body: made.body,
    locals: declarations(made.body),
  };
}

function declarations(block: BlockStatement): Map<string, Declared> {
  const found = new Map<string, Declared>();
  const add = (name: string, declared: Declared): void => {
    must(!found.has(name), `${name} is declared twice`);
    found.set(name, declared);
  };
  for (const statement of block.body) {
    if (statement.type === 'FunctionDeclaration') add(statement.id.name, { statement, value: statement });
    else if (statement.type === 'ClassDeclaration') add(statement.id.name, { statement, value: undefined });
    else if (statement.type === 'VariableDeclaration') {
      for (const { id, init } of statement.declarations) {
        if (id.type === 'Identifier') add(id.name, { statement, value: init ?? undefined });
      }
    }
  }
  return found;
}

/** The helper of this name, which has to be a function. */
export function helperFunction(outline: Outline, name: string): FunctionDeclaration {
  const value = outline.helpers.get(name)?.value;
  must(value && isFunction(value) && value.type === 'FunctionDeclaration', `there is no helper ${name}`);
  return value;
}
