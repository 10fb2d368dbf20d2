import { expectShape } from '../expect-shape.ts';
import type { Rewriting } from '../rewriting.ts';
import { spanOf } from '../text.ts';

const DECODER = /\bnew TextDecoder\(([^)]*)\)/g;

/** Makes decoders refuse invalid text and keep a byte-order mark, so that two different keys never become the same. */
export function makeDecodersStrict({ edit }: Rewriting): void {
  for (const match of edit.original.matchAll(DECODER)) {
    const kind = match[1] || "'utf-8'";
    expectShape(/^'utf-(8|16)'$/.test(kind), 'a text decoder of an unknown kind');
    edit.replace(spanOf(match), `new TextDecoder(${kind}, { fatal: true, ignoreBOM: true })`);
  }
}
