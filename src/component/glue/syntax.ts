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

/** Visits a node and what is inside it, in the order of the text. A visitor that answers false stays outside. */
export function walk(node: AnyNode, visit: (node: AnyNode, parent: AnyNode | undefined) => unknown): void {
  step(node, undefined);

  function step(current: AnyNode, parent: AnyNode | undefined): void {
    if (visit(current, parent) === false) return;
    // Not Object.values: this runs for each of a million nodes.
    for (const key in current) {
      const value: unknown = current[key as keyof AnyNode];
      if (typeof value !== 'object' || value === null) continue;
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) step(item, current);
      } else if (isNode(value)) step(value, current);
    }
  }
}

/** Visits each of these nodes. */
export function walkAll(nodes: readonly AnyNode[], visit: Parameters<typeof walk>[1]): void {
  for (const node of nodes) walk(node, visit);
}

function isNode(value: unknown): value is AnyNode {
  return typeof (value as { type?: unknown } | null)?.type === 'string';
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
