import type { GlueRuntime } from '../../../component/glue-runtime/runtime.ts';
import { expectShape } from '../expect-shape.ts';
import type { Rewriting } from '../rewriting.ts';

/** The parts of the runtime that lean glue uses, by their names in the glue. */
const PARTS: Readonly<Record<string, keyof GlueRuntime>> = {
  createCallStack: 'createCallStack',
  createHandles: 'createHandles',
  createMemoryReader: 'createMemoryReader',
  createMemoryViews: 'createMemoryViews',
  createRootCall: 'createRootCall',
  createSuspension: 'createSuspension',
  $InstanceState: 'InstanceState',
  $Resources: 'Resources',
};

/** Takes the runtime that all rewrites rely on from the argument of the glue, and creates its parts for an instance. */
export function linkRuntime({ outline, edit, prelude }: Rewriting): void {
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
  .map(([name, part]) => `const ${name} = $runtime.${part};`)
  .join('\n')}\n`);
  edit.insert(
    outline.generator.start,
    // Absent if there are no resources.
    `${outline.helpers.has('HANDLE_TABLES') ? '' : 'const HANDLE_TABLES = [];\n'}const $budget = imports[Symbol.for('wasmcp-node.budget')];
const $callStack = createCallStack(${count}, $context.slot0, $context.slot1, $budget);
const $handles = createHandles($callStack, HANDLE_TABLES, $budget);
const $suspension = createSuspension($callStack);
const $memoryReader = createMemoryReader($callStack, $suspension);\n`,
  );
}
