import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { isVariable, walk } from '../syntax.ts';

const REP = /^(handleTable\d+)\[\((\w+) << 1\) \+ 1\] & ~T_FLAG$/;
const GIVEN = /^rscTableRemove\((handleTable\d+), (\w+)\);$/;
const UNKNOWN =
  /^\{\s*(\w+) = Object\.create\([\w$]+\.prototype\);(\s*Object\.defineProperty\(\1, symbolRsc(Handle|Rep), \{[^{}]*\}\);){2}\s*\}$/;

/**
 * Handles that guests give to host functions are checked: they trap when stale, unknown, or given away while only
 * borrowed. jco makes an empty object up instead, and keeps a list of what was borrowed that nothing here needs.
 */
export function checkHostHandles({ edit, hostFunctions }: Rewriting): void {
  for (const { code, number } of hostFunctions) {
    let read = 0;
    let found = 0;
    walk(code.body, (node, parent) => {
      if (node.type === 'BinaryExpression' && node.operator === '&' && edit.text(node.right) === '~T_FLAG') {
        const [, table, handle] = REP.exec(edit.text(node)) ?? [];
        must(table, `a handle of _trampoline${number}`);
        edit.replace(node, `$handles.rep(${table}, ${handle})`);
        read += 1;
        return false;
      }
      if (node.type === 'IfStatement' && UNKNOWN.test(edit.text(node.consequent))) {
        must(/^!rsc\d+$/.test(edit.text(node.test)), `a handle of _trampoline${number}`);
        edit.replace(node.consequent, "{ $calls.trap('a handle without a resource'); }");
        found += 1;
        return true;
      }
      if (node.type === 'ExpressionStatement') {
        const text = edit.text(node);
        const [, table, handle] = GIVEN.exec(text) ?? [];
        if (table) edit.replace(node, `$handles.giveAway(${table}, ${handle});`);
        else if (/^curResourceBorrows(\.push\(rsc\d+\)| = \[\]);$/.test(text)) edit.remove(node);
        else return true;
        return false;
      }
      if (node.type === 'ForOfStatement' && edit.text(node.right) === 'curResourceBorrows') {
        edit.remove(node);
        return false;
      }
      must(
        !isVariable(node, parent) || !['curResourceBorrows', 'rscTableRemove'].includes(node.name),
        `handles of _trampoline${number}`,
      );
      return true;
    });
    must(read === found, `handles of _trampoline${number}`);
  }
}
