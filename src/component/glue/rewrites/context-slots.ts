import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { walkAll } from '../syntax.ts';
import { CONTEXT_SLOTS } from '../wasm/context-slots.ts';

/** Context slots live in a wasm module: four of five calls from wasm to JavaScript were for them. */
export function moveContextSlots({ outline, edit, body }: Rewriting): void {
  walkAll(body, (node) => {
    if (node.type !== 'CallExpression') return true;
    const [, operation, slot] =
      /^context(Get|Set)\.bind\(null, \{ slot: ([01]) \}\)$/.exec(edit.text(node)) ?? [];
    if (operation === undefined) {
      must(!/^context(Get|Set)\b/.test(edit.text(node.callee)), 'a context slot in an unknown form');
      return true;
    }
    edit.replace(node, `$context.${operation.toLowerCase()}${slot}`);
    return false;
  });
  edit.insert(
    outline.program.start,
    `const $CONTEXT_SLOTS = new WebAssembly.Module(Buffer.from('${CONTEXT_SLOTS}', 'base64'));\n`,
  );
  edit.insert(
    outline.generator.start,
    'const $context = new WebAssembly.Instance($CONTEXT_SLOTS).exports;\n',
  );
}
