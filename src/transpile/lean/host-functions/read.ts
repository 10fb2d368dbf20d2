import type { Span } from '../edit.ts';
import { expectShape } from '../expect-shape.ts';
import { type Outline, valueSpan } from '../outline.ts';
import type { Statement } from '../statements.ts';
import type { ExtractedHostFunction } from './extract.ts';

/** A host function for guests: jco's code that lifts parameters, calls the host, and lowers the result. */
export interface HostFunction extends ExtractedHostFunction {
  /** Such as `wasi:io/poll@0.2.6#[method]pollable.block`. */
  readonly wit: string;
  /** Index of the component that imports it. */
  readonly component: number;
  /** Name of the variable with the guest's memory. */
  readonly memory: string | undefined;
  /** The functions that lift the parameters: the source of an array. */
  readonly lifts: string;
  /** Whether the last parameter is the pointer to the result. */
  readonly hasResultPointer: boolean;
  /** The placeholder of the code. */
  readonly place: Span;
  /** The placeholder of the binding for guests. */
  readonly binding: Span;
  /** The statement that contains the binding. */
  readonly bindingStatement: Statement;
}

const META =
  /^\{\s*trampolineIdx: (?<number>\d+),\s*componentIdx: (?<component>\d+),\s*isAsync: (?<isAsync>\w+),\s*isManualAsync: [\w.]+,\s*paramLiftFns: (?<lifts>\[[\s\S]*\]),\s*resultLowerFns: [\s\S]*,\s*hasResultPointer: (?<pointer>true|false),\s*funcTypeIsAsync: (?<isTypeAsync>\w+),\s*getCallbackFn: [^\n]*,\s*getPostReturnFn: [^\n]*,\s*isCancellable: \w+,\s*memoryIdx: (?<memory>\d+|null),\s*stringEncoding: [^\n]*,\s*getMemoryFn: [^\n]*,\s*getReallocFn: [^\n]*,\s*importFn: (?<code>\w+),\s*\}$/;
type Known = 'number' | 'component' | 'isAsync' | 'lifts' | 'pointer' | 'isTypeAsync' | 'memory' | 'code';
/** The whole name occurs only in the text that jco logs before it calls the host. */
const ENTER =
  /_debugLog\('\[iface="([^"\n]+)", function="([^"\n]+)"\] \[Instruction::CallInterface\] \(sync, @ enter\)'\);/g;

/** @throws GlueMismatch if it has another form than the others */
export function readHostFunction(extracted: ExtractedHostFunction, outline: Outline): HostFunction {
  const name = `_trampoline${extracted.number}`;
  const known = META.exec(extracted.meta)?.groups as Readonly<Record<Known, string>> | undefined;
  expectShape(known, `what is known of ${name}`);
  expectShape(known.number === extracted.number, `the number of ${name}`);
  expectShape(known.isAsync === 'false' && known.isTypeAsync === 'false', `${name} is async`);
  expectShape(known.code === name, `the function of ${name}`);
  expectShape(outline.locals.has(`instanceFlags${known.component}`), `flags of component ${known.component}`);
  const [enter, ...others] = [...extracted.code.matchAll(ENTER)];
  expectShape(enter && others.length === 0, `the interface of ${name}`);
  expectShape(extracted.fnName.startsWith(`${enter[1]}#`), `the names of ${name}`);
  const place = valueSpan(outline, name);
  expectShape(place && textAt(outline, place) === `$code${extracted.number}`, `the place of ${name}`);
  const binding = valueSpan(outline, `trampoline${extracted.number}`);
  const bindingStatement = outline.locals.get(`trampoline${extracted.number}`);
  expectShape(
    bindingStatement && binding && textAt(outline, binding) === `$bound${extracted.number}`,
    `the binding of ${name}`,
  );
  return {
    ...extracted,
    wit: `${enter[1]}#${enter[2]}`,
    component: Number(known.component),
    memory: known.memory === 'null' ? undefined : `memory${known.memory}`,
    lifts: known.lifts,
    hasResultPointer: known.pointer === 'true',
    place,
    binding,
    bindingStatement,
  };
}

function textAt({ plain }: Outline, { start, end }: Span): string {
  return plain.slice(start, end);
}
