import type { Editor } from './edit.ts';
import { spanOf, statementWith } from './text.ts';

const CALL = new RegExp(
  `${statementWith('_debugLog')}\\((?:'[^'\\\\\\n]*'|"[^"\\\\\\n]*")(?:, \\{[^{}]*\\})?\\);`,
  'g',
);

/** Removes calls of jco's debug log. Calls in another form remain, and are found by the check at the end. */
export function removeLogged(edit: Editor): void {
  for (const match of edit.original.matchAll(CALL)) edit.remove(spanOf(match));
}
