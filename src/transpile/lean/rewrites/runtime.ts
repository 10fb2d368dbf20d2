import { expectShape } from '../expect-shape.ts';
import type { Rewriting } from '../rewriting.ts';
import { createCallStack } from '../runtime/call-stack.ts';
import { InstanceState } from '../runtime/glue-state.ts';
import { createHandles } from '../runtime/handles.ts';
import { createMemoryReader } from '../runtime/memory-reader.ts';
import { createMemoryViews } from '../runtime/memory-views.ts';
import { Resources } from '../runtime/resources.ts';
import { createRootCall } from '../runtime/root-call.ts';
import { createSuspension } from '../runtime/suspension.ts';

/** Each uses nothing but its parameters and what is global: its text is all there is to it. By its name in the glue. */
const PARTS: Readonly<Record<string, unknown>> = {
  createCallStack,
  createMemoryReader,
  createHandles,
  createMemoryViews,
  createRootCall,
  createSuspension,
  $InstanceState: InstanceState,
  $Resources: Resources,
};

/** Puts the runtime that all rewrites rely on into the glue, which imports nothing. */
export function inlineRuntime({ outline, edit, prelude }: Rewriting): void {
  expectShape(outline.helpers.has('INSTANCE_FLAGS'), 'there are no flags');
  expectShape(edit.original.includes('function instantiate(getCoreModule, imports, '), 'the imports');
  const components = [...outline.locals.keys()].flatMap(
    (name) => /^instanceFlags(\d+)$/.exec(name)?.[1] ?? [],
  );
  const owners = [...edit.original.matchAll(/\._componentIdx = (\d+);/g)].flatMap(
    ([, component]) => component ?? [],
  );
  const count = 1 + Math.max(0, ...components.map(Number), ...owners.map(Number));
  prelude.push(`// A library never prints; each failure that jco would print is also thrown.
const console = { error() {} };
${Object.entries(PARTS)
  .map(([name, part]) => `const ${name} = ${part};`)
  .join('\n')}\n`);
  edit.insert(
    outline.generator.start,
    // Not there when no resource is.
    `${outline.helpers.has('HANDLE_TABLES') ? '' : 'const HANDLE_TABLES = [];\n'}const $budget = imports[Symbol.for('wasmcp-node.budget')];
const $callStack = createCallStack(${count}, $context.slot0, $context.slot1, $budget);
const $handles = createHandles($callStack, HANDLE_TABLES, $budget);
const $suspension = createSuspension($callStack);
const $memoryReader = createMemoryReader($callStack);\n`,
  );
}
