import { expectShape } from '../expect-shape.ts';
import { removeLogged } from '../logged.ts';
import type { Rewriting } from '../rewriting.ts';

/** Removes jco's debug log: every call reads an environment variable and creates objects to log. */
export function removeDebugLog({ outline, edit }: Rewriting): void {
  expectShape(outline.helpers.has('_debugLog'), 'there is no debug log');
  removeLogged(edit);
}
