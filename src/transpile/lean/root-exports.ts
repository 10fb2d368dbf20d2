import type { Editor, Span } from './edit.ts';
import { expectShape } from './expect-shape.ts';
import { functionParts, type Outline } from './outline.ts';
import type { Statement } from './statements.ts';
import { spanOf } from './text.ts';

/** A function that a component exports: jco's code that lowers parameters, calls the guest, and lifts the result. */
export interface RootExport {
  readonly name: string;
  /** Such as `wasi:http/incoming-handler@0.2.6#handle`. */
  readonly wit: string;
  /** Index of the component that it enters. */
  readonly component: number;
  readonly code: Statement;
  /** The code that creates the task of a call. */
  readonly task: Span;
}

const TASK =
  /(?<==\s)createNewCurrentTask\(\{\s*componentIdx: (?<component>\d+),\s*isAsync: (?<isAsync>\w+),\s*isManualAsync: (?<isManual>\w+),\s[^{}]*\scallingWasmExport: (?<isExport>\w+),\s*\}\)/g;
const ENTER = /_debugLog\('\[iface="([^"\n]+)", function="([^"\n]+)"\]\[Instruction::CallWasm\] enter'/g;

/** @throws GlueMismatch if one of them is asynchronous, or not a plain function */
export function findRootExports(outline: Outline, edit: Editor): readonly RootExport[] {
  const found: RootExport[] = [];
  for (const [name, code] of outline.locals) {
    const text = edit.text(code);
    if (code.kind !== 'function' || !text.includes('createNewCurrentTask(')) continue;
    expectShape(functionParts(text), `${name} is async`);
    const [task, ...others] = [...text.matchAll(TASK)];
    const known = task?.groups as Readonly<Record<Known, string>> | undefined;
    expectShape(task && known && others.length === 0, `the task of ${name}`);
    expectShape(known.isExport === 'true', `${name} does not call an export`);
    expectShape(known.isAsync === 'false' && known.isManual === 'false', `${name} is async`);
    expectShape(outline.locals.has(`instanceFlags${known.component}`), `the component of ${name}`);
    const [enter, ...otherEnters] = [...text.matchAll(ENTER)];
    expectShape(enter && otherEnters.length === 0, `the interface of ${name}`);
    found.push({
      name,
      wit: `${enter[1]}#${enter[2]}`,
      component: Number(known.component),
      code,
      task: spanOf(task, { offset: code.start }),
    });
  }
  return found;
}

type Known = 'component' | 'isAsync' | 'isManual' | 'isExport';
