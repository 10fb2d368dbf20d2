import {
  type AnyNode,
  type ArrowFunctionExpression,
  type CallExpression,
  type Expression,
  type Identifier,
  type ObjectExpression,
  type Program,
  parse,
} from 'acorn';
import { must } from './mismatch.ts';

export type {
  AnyNode,
  ArrowFunctionExpression,
  BlockStatement,
  CallExpression,
  ConditionalExpression,
  Expression,
  FunctionDeclaration,
  FunctionExpression,
  ObjectExpression,
  Program,
  ReturnStatement,
  Statement,
  VariableDeclarator,
} from 'acorn';

/** @throws SyntaxError */
export function parseModule(text: string): Program {
  return parse(text, { ecmaVersion: 'latest', sourceType: 'module' });
}

/** Where nodes hold others (ESTree), in the order of the text. A table, because a million nodes are looked at. */
const CHILDREN: Readonly<Partial<Record<AnyNode['type'], readonly string[]>>> = {
  ArrayExpression: ['elements'],
  ArrayPattern: ['elements'],
  ArrowFunctionExpression: ['params', 'body'],
  AssignmentExpression: ['left', 'right'],
  AssignmentPattern: ['left', 'right'],
  AwaitExpression: ['argument'],
  BinaryExpression: ['left', 'right'],
  BlockStatement: ['body'],
  BreakStatement: ['label'],
  CallExpression: ['callee', 'arguments'],
  CatchClause: ['param', 'body'],
  ChainExpression: ['expression'],
  ClassBody: ['body'],
  ClassDeclaration: ['id', 'superClass', 'body'],
  ClassExpression: ['id', 'superClass', 'body'],
  ConditionalExpression: ['test', 'consequent', 'alternate'],
  ContinueStatement: ['label'],
  DebuggerStatement: [],
  DoWhileStatement: ['body', 'test'],
  EmptyStatement: [],
  ExportNamedDeclaration: ['declaration', 'specifiers', 'source'],
  ExportSpecifier: ['local', 'exported'],
  ExpressionStatement: ['expression'],
  ForInStatement: ['left', 'right', 'body'],
  ForOfStatement: ['left', 'right', 'body'],
  ForStatement: ['init', 'test', 'update', 'body'],
  FunctionDeclaration: ['id', 'params', 'body'],
  FunctionExpression: ['id', 'params', 'body'],
  Identifier: [],
  IfStatement: ['test', 'consequent', 'alternate'],
  LabeledStatement: ['label', 'body'],
  Literal: [],
  LogicalExpression: ['left', 'right'],
  MemberExpression: ['object', 'property'],
  MetaProperty: ['meta', 'property'],
  MethodDefinition: ['key', 'value'],
  NewExpression: ['callee', 'arguments'],
  ObjectExpression: ['properties'],
  ObjectPattern: ['properties'],
  PrivateIdentifier: [],
  Program: ['body'],
  Property: ['key', 'value'],
  PropertyDefinition: ['key', 'value'],
  RestElement: ['argument'],
  ReturnStatement: ['argument'],
  SequenceExpression: ['expressions'],
  SpreadElement: ['argument'],
  StaticBlock: ['body'],
  Super: [],
  SwitchCase: ['test', 'consequent'],
  SwitchStatement: ['discriminant', 'cases'],
  TaggedTemplateExpression: ['tag', 'quasi'],
  TemplateElement: [],
  TemplateLiteral: ['quasis', 'expressions'],
  ThisExpression: [],
  ThrowStatement: ['argument'],
  TryStatement: ['block', 'handler', 'finalizer'],
  UnaryExpression: ['argument'],
  UpdateExpression: ['argument'],
  VariableDeclaration: ['declarations'],
  VariableDeclarator: ['id', 'init'],
  WhileStatement: ['test', 'body'],
  YieldExpression: ['argument'],
};

/**
 * Visits a node and what is inside it, in the order of the text. A visitor that answers false stays outside.
 *
 * @throws GlueMismatch for syntax that jco did not use when this was written
 */
export function walk(node: AnyNode, visit: (node: AnyNode, parent: AnyNode | undefined) => unknown): void {
  step(node, undefined);

  function step(current: AnyNode, parent: AnyNode | undefined): void {
    if (visit(current, parent) === false) return;
    const keys = CHILDREN[current.type];
    must(keys, `${current.type} in the code`);
    for (const key of keys) {
      const value = current[key as keyof AnyNode] as unknown as AnyNode | readonly (AnyNode | null)[] | null;
      if (Array.isArray(value)) {
        for (const item of value as readonly (AnyNode | null)[]) if (item) step(item, current);
      } else if (value) step(value as AnyNode, current);
    }
  }
}

/** Visits each of these nodes. */
export function walkAll(nodes: readonly AnyNode[], visit: Parameters<typeof walk>[1]): void {
  for (const node of nodes) walk(node, visit);
}

/** The `f` of `f(…)`; undefined for anything else. */
export function calleeName(node: AnyNode): string | undefined {
  return node.type === 'CallExpression' && node.callee.type === 'Identifier' ? node.callee.name : undefined;
}

/** All calls `name(…)` inside a node. */
export function callsOf(node: AnyNode, name: string): CallExpression[] {
  const found: CallExpression[] = [];
  walk(node, (inner) => {
    if (inner.type === 'CallExpression' && calleeName(inner) === name) found.push(inner);
  });
  return found;
}

/** Is it the name of a variable or function, rather than of a member or a key? */
export function isVariable(node: AnyNode, parent: AnyNode | undefined): node is Identifier {
  if (node.type !== 'Identifier') return false;
  if (parent?.type === 'MemberExpression') return parent.object === node || parent.computed;
  if (parent?.type === 'Property') return parent.value === node || parent.computed;
  return parent?.type !== 'PropertyDefinition' && parent?.type !== 'MethodDefinition';
}

/** All names of variables and functions inside a node. */
export function namesIn(node: AnyNode): Set<string> {
  const names = new Set<string>();
  walk(node, (inner, parent) => {
    if (isVariable(inner, parent)) names.add(inner.name);
  });
  return names;
}

/** The value under a plain key of an object literal. */
export function fieldOf(object: ObjectExpression, key: string): Expression | undefined {
  for (const property of object.properties) {
    if (property.type !== 'Property' || property.computed) continue;
    const name = property.key.type === 'Identifier' ? property.key.name : undefined;
    if (name === key) return property.value;
  }
  return undefined;
}

export function isFunction(node: AnyNode): boolean {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}

/** The `() => expression` under `key` of an object literal; undefined for anything else. */
export function thunkOf(
  object: AnyNode | undefined,
  key: string,
): (ArrowFunctionExpression & { body: AnyNode }) | undefined {
  const value = object?.type === 'ObjectExpression' ? fieldOf(object, key) : undefined;
  const plain = value?.type === 'ArrowFunctionExpression' && !value.async && value.params.length === 0;
  return plain ? value : undefined;
}
