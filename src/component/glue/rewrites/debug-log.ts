import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { calleeName, walkAll } from '../syntax.ts';

/** Takes out jco's debug log: every call reads an environment variable and makes objects to be logged. */
export function removeDebugLog({ outline, edit, helpers, body }: Rewriting): void {
  must(outline.helpers.has('_debugLog'), 'there is no debug log');
  walkAll([...helpers, ...body], (node, parent) => {
    if (node.type !== 'ExpressionStatement' || calleeName(node.expression) !== '_debugLog') return true;
    const isInList = parent === undefined || parent.type === 'BlockStatement' || parent.type === 'SwitchCase';
    edit.replace(node, isInList ? '' : ';');
    return false;
  });
}
