import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { calleeName, isVariable, walkAll } from '../syntax.ts';

/** Made for each of these, and never called in synchronous glue. */
const ASYNC_FUNCTION =
  /^try \{\s*((?:realloc|postReturn)\d+Async) = WebAssembly\.promising\(([^()]+)\);\s*\} catch\(err\) \{\s*\1 = \2;\s*\}$/;

/**
 * Core modules are given functions themselves: a wasm function that comes from another core module is then called
 * without JavaScript between them. Operations on handles get their checks from `$calls`.
 */
export function linkCoreImports({ outline, edit, body }: Rewriting): void {
  const memories = new Map<string, number>();
  for (const { index, 1: memory = '' } of edit.original.matchAll(/\n\s*(memory\d+) = exports/g))
    memories.set(memory, index);
  walkAll(body, (node, parent) => {
    if (node.type === 'CallExpression' && edit.text(node.callee) === 'Object.assign') {
      const [target, mark, ...others] = node.arguments;
      must(
        parent?.type === 'Property' && target && mark && others.length === 0,
        'an import of a core module is given in an unknown way',
      );
      must(edit.text(mark) === '{ _jcoMaySuspend: false }', 'an import of a core module may suspend');
      edit.replace(node, linkedFunction(edit.text(target), node.start));
      return false;
    }
    if (node.type === 'TryStatement' && edit.text(node).includes('Async = WebAssembly.')) {
      must(ASYNC_FUNCTION.test(edit.text(node)), 'an async function that is not realloc');
      edit.remove(node);
      return false;
    }
    if (calleeName(node) === '_guardMayLeave') must(false, 'a guarded function in an unknown place');
    return !isVariable(node, parent);
  });

  function linkedFunction(target: string, position: number): string {
    const [, component, guarded] = /^_guardMayLeave\((\d+), (trampoline\d+)\)$/.exec(target) ?? [];
    if (component && guarded) {
      must(outline.locals.has(`instanceFlags${component}`), `flags of component ${component}`);
      return `$calls.guarded(${component}, instanceFlags${component}, ${guarded})`;
    }
    must(
      /^(exports\d+(\['[^'\\]*'\]|\.[\w$]+)|trampoline\d+)$/.test(target),
      `${target} is given to a core module`,
    );
    const local = outline.locals.get(target)?.value;
    const isHandleOperation =
      local?.type === 'FunctionDeclaration' &&
      local.params.length === 1 &&
      edit.text(local.params[0]!) === 'handle';
    // To look at a resource of its own a component need not leave.
    must(!isHandleOperation || edit.text(local.body).includes('rscTableGet('), `${target} is not guarded`);
    if (local?.type !== 'FunctionDeclaration' || local.params.length !== 3) return target;
    for (const [memory] of edit.text(local).matchAll(/memory\d+/g)) {
      const assigned = memories.get(memory) ?? Number.POSITIVE_INFINITY;
      must(assigned < position, `${memory} is used before it exists`);
    }
    return `${target}()`;
  }
}
