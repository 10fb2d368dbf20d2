import { expectShape } from '../expect-shape.ts';
import { functionParts } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';
import { spanOf } from '../text.ts';

/** A function among the imports of a core module. */
const LINKED = /(?<=: )Object\.assign\((.+?), \{ _jcoMaySuspend: (\w+) \}\)(?=,)/g;
/** Created for each `realloc` and `post-return`, and never called in synchronous glue. */
const ASYNC_FUNCTION =
  /try \{\s*((?:realloc|postReturn)\d+Async) = WebAssembly\.promising\(([^()]+)\);\s*\} catch\(err\) \{\s*\1 = \2;\s*\}/g;
const GUARDED = /^_guardMayLeave\((\d+), (trampoline\d+)\)$/;
const FUNCTION = /^(exports\d+(\['[^'\\]*'\]|\.[\w$]+)|trampoline\d+)$/;

/**
 * Passes functions to core modules without wrappers, so that a wasm function of another core module is called without
 * JavaScript in between. `$callStack` checks operations on handles.
 */
export function linkCoreImports({ outline, edit }: Rewriting): void {
  const memories = new Map<string, number>();
  for (const { index, 1: memory = '' } of edit.original.matchAll(/\n\s*(memory\d+) = exports/g))
    memories.set(memory, index);
  const offset = outline.body.start;
  const body = edit.text(outline.body);
  const others = body.replace(LINKED, '').replace(ASYNC_FUNCTION, '');
  expectShape(!others.includes('Object.assign('), 'an import of a core module is given in an unknown way');
  expectShape(!others.includes('Async = WebAssembly.'), 'an async function that is not realloc');
  expectShape(!others.includes('_guardMayLeave('), 'a guarded function in an unknown place');
  for (const match of body.matchAll(ASYNC_FUNCTION)) edit.remove(spanOf(match, { offset }));
  for (const match of body.matchAll(LINKED)) {
    expectShape(match[2] === 'false', 'an import of a core module may suspend');
    const span = spanOf(match, { offset });
    edit.replace(span, linkedFunction(match[1]!, span.start));
  }

  function linkedFunction(target: string, position: number): string {
    const [, component, guarded] = GUARDED.exec(target) ?? [];
    if (component && guarded) {
      expectShape(outline.locals.has(`instanceFlags${component}`), `flags of component ${component}`);
      return `$callStack.guarded(${component}, instanceFlags${component}, ${guarded})`;
    }
    expectShape(FUNCTION.test(target), `${target} is given to a core module`);
    const local = outline.locals.get(target);
    const parts = local && functionParts(edit.text(local));
    if (parts === undefined) return target;
    // A component does not leave when it reads a resource of its own.
    expectShape(parts.params !== 'handle' || parts.body.includes('rscTableGet('), `${target} is not guarded`);
    if (parts.params.split(', ').length !== 3) return target;
    for (const [memory] of parts.body.matchAll(/memory\d+/g)) {
      const assigned = memories.get(memory) ?? Number.POSITIVE_INFINITY;
      expectShape(assigned < position, `${memory} is used before it exists`);
    }
    return `${target}()`;
  }
}
