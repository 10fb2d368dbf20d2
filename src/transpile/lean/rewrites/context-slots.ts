import { expectShape } from '../expect-shape.ts';
import type { Rewriting } from '../rewriting.ts';
import { spanOf } from '../text.ts';
import { CONTEXT_SLOTS } from '../wasm/context-slots.ts';

const SLOT = /\bcontext(Get|Set)\.bind\(null, \{ slot: ([01]) \}\)/g;

/** Moves context slots into a wasm module: they caused four of five calls from wasm to JavaScript. */
export function moveContextSlots({ outline, edit, prelude }: Rewriting): void {
  const offset = outline.body.start;
  const body = edit.text(outline.body);
  expectShape(!/\bcontext(Get|Set)\b/.test(body.replace(SLOT, '')), 'a context slot in an unknown form');
  for (const match of body.matchAll(SLOT)) {
    const [, operation = '', slot] = match;
    edit.replace(spanOf(match, { offset }), `$context.${operation.toLowerCase()}${slot}`);
  }
  prelude.push(`const $CONTEXT_SLOTS = new WebAssembly.Module(Buffer.from('${CONTEXT_SLOTS}', 'base64'));\n`);
  edit.insert(
    outline.generator.start,
    'const $context = new WebAssembly.Instance($CONTEXT_SLOTS).exports;\n',
  );
}
