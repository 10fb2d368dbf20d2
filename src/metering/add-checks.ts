import { createOutput, type Output, put, putAll, putNumber, written } from '../wasm/encode.ts';
import { readInstruction } from '../wasm/instructions.ts';
import { afterNumber, numberAt, type Reader } from '../wasm/reader.ts';
import type { Section } from '../wasm/sections.ts';
import { readValueType } from '../wasm/types.ts';
import { MAX_BODY, MAX_LOCALS } from '../wasm/v8-limits.ts';
import type { HintedFunction } from './branch-hints.ts';
import { type Added, Checks } from './checks.ts';
import { INIT, isBulk, isTableBulk } from './costs.ts';
import { depthChange, exitBy } from './exits.ts';
import { calledImport, type Imported, isTailCall } from './imported.ts';
import type { Parts } from './parts.ts';
import { type FunctionPlan, needsChecks } from './plan.ts';

const I32 = 0x7f;
const LOOP = 0x03;

export interface CheckedCode {
  /** The bodies of the functions, without the number of functions. */
  readonly bodies: Uint8Array;
  /** There are checks in any of them. */
  readonly isChanged: boolean;
  readonly hints: readonly HintedFunction[];
  /** The first function that stays without checks because V8 would reject it with them. */
  readonly skipped: number | undefined;
}

export interface CheckOptions {
  readonly plan: readonly FunctionPlan[];
  readonly added: Added;
  readonly parts: Parts;
  readonly imported: Imported;
  /** The number of the module's own memories, which come first; writing to the others is not the guest's work. */
  readonly memories: number;
  parametersOf(index: number): number;
}

/** Adds checks to the functions of a module. Since they were planned, functions may have been added, and code to each. */
export function addChecks(bytes: Uint8Array, code: Section, options: CheckOptions): CheckedCode {
  const { plan, imported } = options;
  const reader = code.read();
  const output = createOutput(Math.ceil(1.2 * (code.end - code.start)));
  const body = createOutput(0x1_0000);
  const hints: HintedFunction[] = [];
  let skipped: number | undefined;
  let isChanged = false;
  const count = reader.u32();
  for (let index = 0; index < count; index += 1) {
    const length = reader.u32();
    const from = reader.position;
    const planned = plan[index];
    body.length = 0;
    const isChecked = planned !== undefined && needsChecks(planned);
    const branches = isChecked
      ? writeBody(body, bytes, reader, from + length, { ...options, index, planned })
      : undefined;
    if (isChecked && branches === undefined) skipped ??= imported.functions + index;
    reader.skip(from + length - reader.position);
    if (branches === undefined) {
      putNumber(output, length);
      putAll(output, bytes, from, from + length);
    } else {
      isChanged = true;
      if (branches.length > 0) hints.push([imported.functions + index, branches]);
      putNumber(output, body.length);
      putAll(output, body.bytes, 0, body.length);
    }
  }
  return { bodies: written(output), isChanged, hints, skipped };
}

interface BodyOptions extends CheckOptions {
  readonly index: number;
  readonly planned: FunctionPlan;
}

/** Returns the positions of the branches that are rarely taken; undefined if V8 would reject the function. */
function writeBody(
  body: Output,
  bytes: Uint8Array,
  reader: Reader,
  end: number,
  { index, planned, added, parts, imported, memories, parametersOf }: BodyOptions,
): number[] | undefined {
  const groups = reader.u32();
  const groupsAt = reader.position;
  let local = parametersOf(index);
  for (let group = 0; group < groups; group += 1) {
    local += reader.u32();
    readValueType(reader);
  }
  if (local + 2 > MAX_LOCALS) return undefined;
  putNumber(body, groups + 1);
  putAll(body, bytes, groupsAt, reader.position);
  put(body, planned.bulk ? 2 : 1, I32);
  const checks = new Checks(body, local, added);
  const counts = planned.bulk || planned.loops.some(({ units }) => units > 0);
  if (planned.entry > 0) checks.enter(planned.entry, counts);
  if (counts || planned.tabular || planned.imports)
    copyCode(body, bytes, reader, end, { planned, parts, imported, memories, checks });
  else putAll(body, bytes, reader.position, end);
  return body.length > MAX_BODY ? undefined : checks.branches;
}

interface CopyOptions {
  readonly planned: FunctionPlan;
  readonly parts: Parts;
  readonly imported: Imported;
  readonly memories: number;
  readonly checks: Checks;
}

/** Copies the code of a function and inserts checks. */
function copyCode(
  body: Output,
  bytes: Uint8Array,
  reader: Reader,
  end: number,
  { planned: { loops, bulk, tabular, imports }, parts, imported, memories, checks }: CopyOptions,
): void {
  let copied = reader.position;
  let depth = 0;
  let next = 0;
  let counted = false;
  while (reader.position < end) {
    const at = reader.position;
    const opcode = readInstruction(reader);
    if (opcode === LOOP) {
      const { units, limit } = loops[next]!;
      next += 1;
      if (units > 0) {
        putAll(body, bytes, copied, at);
        checks.beforeLoop(units);
        putAll(body, bytes, at, reader.position);
        copied = reader.position;
        checks.turn(units, limit);
        counted = true;
      }
    } else if (bulk && isBulk(opcode) && destination(bytes, at, opcode) < memories) {
      putAll(body, bytes, copied, at);
      copied = at;
      checks.bulk(parts.functionFor(bytes, at, opcode));
      counted = true;
    } else if (tabular && isTableBulk(opcode)) {
      putAll(body, bytes, copied, at);
      copied = at;
      checks.askNow();
    } else if (imports && callsImport(bytes, at, opcode, imported)) {
      // After a tail call, nothing in this function is executed: then the next one asks.
      const to = isTailCall(opcode) ? at : reader.position;
      putAll(body, bytes, copied, to);
      copied = to;
      checks.askIfDue();
    }
    const exit = counted ? exitBy(bytes, at, opcode, depth) : undefined;
    if (exit !== undefined) {
      putAll(body, bytes, copied, at);
      copied = at;
      checks.settle(exit === 'returns');
    }
    depth += depthChange(opcode);
  }
  putAll(body, bytes, copied, end);
}

function callsImport(bytes: Uint8Array, at: number, opcode: number, imported: Imported): boolean {
  const called = calledImport(bytes, at, opcode, imported.functions);
  return called === 'certainly' || (called === 'possibly' && imported.mayBeReferred);
}

/** The memory that a bulk operation writes to. */
function destination(bytes: Uint8Array, at: number, opcode: number): number {
  const first = afterNumber(bytes, at + 1);
  return numberAt(bytes, opcode === INIT ? afterNumber(bytes, first) : first);
}
