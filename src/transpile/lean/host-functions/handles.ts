import type { Editor } from '../edit.ts';
import { expectShape } from '../expect-shape.ts';
import { spanOf, statementWith } from '../text.ts';
import type { HostFunction } from './read.ts';

/** Names that must not remain. */
export const HANDLE_NAMES = ['curResourceBorrows', 'rscTableRemove'] as const;

const REP = /(handleTable\d+)\[\((\w+) << 1\) \+ 1\] & ~T_FLAG(?=;)/g;
const UNKNOWN =
  /(if \(!rsc\d+\) )\{\s*(\w+) = Object\.create\([\w$]+\.prototype\);(?:\s*Object\.defineProperty\(\2, symbolRsc(?:Handle|Rep), \{[^{}]*\}\);){2}\s*\}/g;
const GIVEN = new RegExp(`${statementWith('rscTableRemove')}\\((handleTable\\d+), (\\w+)\\);`, 'g');
const BORROWED = new RegExp(`${statementWith('curResourceBorrows')}(?:\\.push\\(rsc\\d+\\)| = \\[\\]);`, 'g');
const BORROWS_END = new RegExp(
  `${statementWith('for')} \\(const entry of curResourceBorrows\\) \\{\\s*const rsc = entry\\.rsc \\?\\? entry;\\s*if \\(entry\\.drop\\) \\{\\s*if \\(rsc\\[symbolRscHandle\\]\\) \\{\\s*entry\\.drop\\(rsc\\[symbolRscHandle\\]\\);\\s*\\}\\s*\\}\\s*rsc\\[symbolRscHandle\\] = undefined;\\s*\\}`,
  'g',
);

/**
 * Checks handles that guests pass to host functions: those that are stale, unknown, or given away although only borrowed
 * trap. jco creates an empty object instead, and keeps a list of borrowed handles that is not needed here.
 */
export function checkHandles({ code, number }: HostFunction, edit: Editor): void {
  let read = 0;
  let found = 0;
  for (const match of code.matchAll(REP)) {
    edit.replace(spanOf(match), `$handles.rep(${match[1]}, ${match[2]})`);
    read += 1;
  }
  expectShape(read === code.split('T_FLAG').length - 1, `a handle of _trampoline${number}`);
  for (const match of code.matchAll(UNKNOWN)) {
    edit.replace(
      spanOf(match, { skip: match[1]!.length }),
      "{ $callStack.trap('a handle without a resource'); }",
    );
    found += 1;
  }
  expectShape(read === found, `handles of _trampoline${number}`);
  for (const match of code.matchAll(GIVEN))
    edit.replace(spanOf(match), `$handles.giveAway(${match[1]}, ${match[2]});`);
  for (const match of code.matchAll(BORROWED)) edit.remove(spanOf(match));
  for (const match of code.matchAll(BORROWS_END)) edit.remove(spanOf(match));
}
