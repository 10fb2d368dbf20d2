import { expectShape } from '../expect-shape.ts';
import type { HostFunction } from '../host-functions/read.ts';
import { valueSpan } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';

/** Adds the glue's state to the result of `instantiate`, for restoring instances. */
export function exposeState({ outline, edit, hostFunctions }: Rewriting): void {
  const named = (pattern: RegExp): string[] =>
    [...outline.locals.keys()].filter((name) => pattern.test(name));
  const resources = named(/^captureTable\d+$/);
  const counters = named(/^captureCnt\d+$/);
  for (const name of resources) {
    const value = valueSpan(outline, name);
    expectShape(value && edit.text(value) === 'new Map()', name);
    edit.replace(value, 'new $Resources($budget)');
  }
  expectShape(resources.length === counters.length, 'resources without a counter');
  for (const name of named(/^handleTable\d+$/)) {
    const registered = `HANDLE_TABLES[${name.slice('handleTable'.length)}] = ${name};`;
    expectShape(
      outline.bodyStatements.some((statement) => edit.text(statement) === registered),
      `${name} is not registered`,
    );
  }
  const answer = outline.bodyStatements.at(-1);
  expectShape(answer && /^return \{[^{}]*\};$/.test(edit.text(answer)), 'what instantiate answers');
  edit.insert(
    answer.start,
    `const $state = new $InstanceState($callStack, {
      handles: $handles,
      tables: HANDLE_TABLES,
      resources: [${resources.join(', ')}],
      counters: () => [${counters.join(', ')}],
      setCounters: ($counters) => { ${counters.map((name, index) => `${name} = $counters[${index}];`).join(' ')} },
      flags: INSTANCE_FLAGS,
      memoryOwners: () => [${memoryOwners(hostFunctions)}],
    });\n`,
  );
  edit.insert(answer.start + 'return {'.length, " [Symbol.for('wasmcp-node.glue-state')]: $state,");
}

/** A memory belongs to the component whose host functions read and write it. */
function memoryOwners(hostFunctions: readonly HostFunction[]): string {
  const owners = new Map<string, number>();
  for (const { memory, component } of hostFunctions) {
    if (memory === undefined) continue;
    expectShape((owners.get(memory) ?? component) === component, `${memory} belongs to two components`);
    owners.set(memory, component);
  }
  return [...owners].map(([memory, component]) => `[${memory}, ${component}]`).join(', ');
}
