import type { Editor } from './edit.ts';
import { spanOf, statementWith } from './text.ts';

const CALL = new RegExp(
  `${statementWith('_debugLog')}\\((?:'[^'\\\\\\n]*'|"[^"\\\\\\n]*")(?:, \\{[^{}]*\\})?\\);`,
  'g',
);

/** Removes calls of jco's debug log. Those in another form stay; that nothing uses them is checked at the end. */
export function removeLogged(edit: Editor): void {
  for (const match of edit.original.matchAll(CALL)) edit.remove(spanOf(match));
}
