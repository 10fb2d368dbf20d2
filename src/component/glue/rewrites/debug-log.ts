import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { calleeName, walk } from '../syntax.ts';

/** Takes out jco's debug log: every call reads an environment variable and makes objects to be logged. */
export function removeDebugLog({ outline, edit }: Rewriting): void {
  must(outline.helpers.has('_debugLog'), 'there is no debug log');
  walk(outline.program, (node, parent) => {
    if (node.type !== 'ExpressionStatement' || calleeName(node.expression) !== '_debugLog') return true;
    const isInList = parent?.type === 'BlockStatement' || parent?.type === 'SwitchCase';
    edit.replace(node, isInList ? '' : ';');
    return false;
  });
}
