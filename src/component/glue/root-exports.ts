import type { Editor } from './edit.ts';
import { must } from './mismatch.ts';
import type { Outline } from './outline.ts';
import { type CallExpression, callsOf, type FunctionDeclaration, fieldOf } from './syntax.ts';

/** A function that a component exports: jco's code that lowers parameters, calls the guest, and lifts the result. */
export interface RootExport {
  /** Such as `wasi:http/incoming-handler@0.2.6#handle`. */
  readonly wit: string;
  /** Index of the component that it enters. */
  readonly component: number;
  readonly code: FunctionDeclaration;
  /** Where the task of a call is made. */
  readonly task: CallExpression;
}

/** @throws GlueMismatch when one of them is asynchronous, or not a plain function */
export function findRootExports(outline: Outline, edit: Editor): readonly RootExport[] {
  const found: RootExport[] = [];
  for (const [name, { value }] of outline.locals) {
    if (value?.type !== 'FunctionDeclaration') continue;
    const [task, ...others] = callsOf(value, 'createNewCurrentTask');
    if (task === undefined) continue;
    const meta = task.arguments[0];
    must(others.length === 0 && meta?.type === 'ObjectExpression', `the task of ${name}`);
    const known = (key: string): string => {
      const field = fieldOf(meta, key);
      must(field, `${key} of ${name}`);
      return edit.text(field);
    };
    must(known('callingWasmExport') === 'true', `${name} does not call an export`);
    must(
      known('isAsync') === 'false' && known('isManualAsync') === 'false' && !value.async,
      `${name} is async`,
    );
    const component = known('componentIdx');
    must(
      /^\d+$/.test(component) && outline.locals.has(`instanceFlags${component}`),
      `the component of ${name}`,
    );
    found.push({ wit: witName(edit, value), component: Number(component), code: value, task });
  }
  return found;
}

function witName(edit: Editor, code: FunctionDeclaration): string {
  const pattern = /^'\[iface="([^"]+)", function="([^"]+)"\]\[Instruction::CallWasm\] enter'$/;
  const names = callsOf(code, '_debugLog').flatMap((call) => {
    const match = call.arguments[0] && pattern.exec(edit.text(call.arguments[0]));
    return match ? [`${match[1]}#${match[2]}`] : [];
  });
  must(names.length === 1 && names[0], `the interface of ${code.id.name}`);
  return names[0];
}
