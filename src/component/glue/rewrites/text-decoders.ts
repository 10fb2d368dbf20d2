import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { walkAll } from '../syntax.ts';

/** Decoders refuse what is not valid and keep a byte-order mark, so that two different keys never become one. */
export function makeDecodersStrict({ edit, helpers, body }: Rewriting): void {
  walkAll([...helpers, ...body], (node) => {
    if (node.type !== 'NewExpression' || edit.text(node.callee) !== 'TextDecoder') return true;
    const match = /^new TextDecoder\(('utf-16'|'utf-8')?\)$/.exec(edit.text(node));
    must(match, 'a text decoder of an unknown kind');
    edit.replace(node, `new TextDecoder(${match[1] ?? "'utf-8'"}, { fatal: true, ignoreBOM: true })`);
    return false;
  });
}
