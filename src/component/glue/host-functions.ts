import type { Editor } from './edit.ts';
import { must } from './mismatch.ts';
import type { Outline } from './outline.ts';
import {
  type AnyNode,
  type ConditionalExpression,
  callsOf,
  type Expression,
  type FunctionExpression,
  fieldOf,
  type ObjectExpression,
  type Statement,
} from './syntax.ts';

/** A host function as a guest sees it: jco's code that lifts parameters, calls the host, and lowers the result. */
export interface HostFunction {
  /** jco's number for it: `trampolineN` is what guests import, `_trampolineN` is the code. */
  readonly number: string;
  /** Such as `wasi:io/poll@0.2.6#[method]pollable.block`. */
  readonly wit: string;
  /** Index of the component that imports it. */
  readonly component: number;
  readonly code: FunctionExpression;
  /** Where guests' function is made from the code. */
  readonly binding: ConditionalExpression;
  /** The statement that holds the binding. */
  readonly bindingStatement: Statement;
  /** The assignment of the name that jco's tasks show. */
  readonly naming: Statement;
  /** Name of the variable with the guest's memory. */
  readonly memory: string | undefined;
  /** Core types of the parameters, `i` for `i32` and `I` for `i64`, when they are of a kind where that is certain. */
  readonly params: string | undefined;
}

/** @throws GlueMismatch when one of them does not look like all the others */
export function findHostFunctions(outline: Outline, edit: Editor): readonly HostFunction[] {
  const found: HostFunction[] = [];
  for (const [name, { statement, value }] of outline.locals) {
    const number = /^trampoline(\d+)$/.exec(name)?.[1];
    if (number === undefined || value?.type !== 'ConditionalExpression') continue;
    found.push(readHostFunction(outline, edit, number, value, statement));
  }
  const codes = [...outline.locals.keys()].filter((name) => /^_trampoline\d+$/.test(name));
  must(codes.length === found.length, 'a host function is bound in an unknown way');
  return found;
}

function readHostFunction(
  outline: Outline,
  edit: Editor,
  number: string,
  binding: ConditionalExpression,
  bindingStatement: Statement,
): HostFunction {
  const name = `_trampoline${number}`;
  must(edit.text(binding.test) === `${name}.manuallyAsync`, `the binding of ${name}`);
  const bound = binding.alternate;
  must(bound.type === 'CallExpression', `the binding of ${name}`);
  must(edit.text(bound.callee) === '_lowerImportBackwardsCompat.bind', `the binding of ${name}`);
  const meta = bound.arguments[1];
  must(meta?.type === 'ObjectExpression', `what is known of ${name}`);
  const known = (key: string): string => {
    const value = fieldOf(meta, key);
    must(value, `${key} of ${name}`);
    return edit.text(value);
  };
  must(known('isAsync') === 'false' && known('funcTypeIsAsync') === 'false', `${name} is async`);
  must(known('importFn') === name, `the function of ${name}`);
  const component = known('componentIdx');
  must(/^\d+$/.test(component), `the component of ${name}`);
  must(outline.locals.has(`instanceFlags${component}`), `flags of component ${component}`);
  const memory = known('memoryIdx');
  must(/^(\d+|null)$/.test(memory), `the memory of ${name}`);

  const code = outline.locals.get(name)?.value;
  must(code?.type === 'FunctionExpression' && !code.async && !code.generator, `the code of ${name}`);
  must(
    code.params.every((param) => param.type === 'Identifier'),
    `the parameters of ${name}`,
  );
  const { naming, fnName } = findNaming(outline, edit, name);
  const wit = witName(edit, code, name);
  must(fnName.startsWith(`${wit.slice(0, wit.indexOf('#'))}#`), `the names of ${name}`);
  return {
    number,
    wit,
    component: Number(component),
    code,
    binding,
    bindingStatement,
    naming,
    memory: memory === 'null' ? undefined : `memory${memory}`,
    params: coreParams(edit, meta, code),
  };
}

/** `_trampolineN.fnName = 'interface#function';` */
function findNaming(outline: Outline, edit: Editor, name: string): { naming: Statement; fnName: string } {
  const target = `${name}.fnName = '`;
  const naming = outline.body.body.filter((statement) => edit.original.startsWith(target, statement.start));
  const fnName = naming[0] && /^[^']+'([^']+)';$/.exec(edit.text(naming[0]))?.[1];
  must(naming.length === 1 && naming[0] && fnName, `the name of ${name}`);
  return { naming: naming[0], fnName };
}

/** The only place with the whole name is what jco logs before it calls the host. */
function witName(edit: Editor, code: FunctionExpression, name: string): string {
  const pattern =
    /^'\[iface="([^"]+)", function="([^"]+)"\] \[Instruction::CallInterface\] \(sync, @ enter\)'$/;
  const names = callsOf(code, '_debugLog').flatMap((call) => {
    const match = call.arguments[0] && pattern.exec(edit.text(call.arguments[0]));
    return match ? [`${match[1]}#${match[2]}`] : [];
  });
  must(names.length === 1 && names[0], `the interface of ${name}`);
  return names[0];
}

const CORE_TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['Bool', 'Char', 'U8', 'U16', 'U32', 'S8', 'S16', 'S32'].map((type) => [type, 'i'])),
  Borrow: 'i',
  Own: 'i',
  U64: 'I',
  S64: 'I',
  StringUTF8: 'ii',
  StringAny: 'ii',
  List: 'ii',
};

function coreParams(edit: Editor, meta: ObjectExpression, code: FunctionExpression): string | undefined {
  const lifts = fieldOf(meta, 'paramLiftFns');
  if (lifts?.type !== 'ArrayExpression') return undefined;
  const types = lifts.elements.map((lift) => lift && CORE_TYPES[liftName(edit, lift)]);
  if (types.includes(undefined)) return undefined;
  const pointer = fieldOf(meta, 'hasResultPointer');
  const params = types.join('') + (pointer && edit.text(pointer) === 'true' ? 'i' : '');
  return params.length === code.params.length ? params : undefined;
}

/** `U64` of `_liftFlatU64`, `Borrow` of `_liftFlatBorrow.bind(…)`, `List` of `_liftFlatList(…)`. */
function liftName(edit: Editor, lift: AnyNode): string {
  let named: AnyNode | Expression = lift;
  if (named.type === 'CallExpression') named = named.callee;
  if (named.type === 'MemberExpression') named = named.object;
  return /^_liftFlat(\w+)$/.exec(edit.text(named))?.[1] ?? '';
}
