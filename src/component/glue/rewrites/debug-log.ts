import type { Editor } from '../edit.ts';
import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { spanOf, statementWith } from '../text.ts';

const CALL = new RegExp(
  `${statementWith('_debugLog')}\\((?:'[^'\\\\\\n]*'|"[^"\\\\\\n]*")(?:, \\{[^{}]*\\})?\\);`,
  'g',
);

/** Takes out jco's debug log: every call reads an environment variable and makes objects to be logged. */
export function removeDebugLog({ outline, edit }: Rewriting): void {
  must(outline.helpers.has('_debugLog'), 'there is no debug log');
  removeLogged(edit);
}

/** Does so in any code. Calls in another form stay; that they are not in use is looked at in the end. */
export function removeLogged(edit: Editor): void {
  for (const match of edit.original.matchAll(CALL)) edit.remove(spanOf(match));
}
