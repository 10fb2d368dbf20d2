import { must } from '../mismatch.ts';
import { helperFunction } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';

/** jco's functions for calls between components, with their parameters, and what takes their place. */
const REPLACED: readonly (readonly [name: string, params: string, replacement: string])[] = [
  [
    '_symmetricSyncGuestCallEnter',
    'callerComponentIdx, calleeIsAsync, calleeComponentIdx, syncOnly = false',
    '$calls.enterGuest',
  ],
  ['_symmetricSyncGuestCallExit', '', '$calls.leaveGuest'],
  ['resourceTransferBorrow', 'handle, fromTid, toTid', '$handles.transferBorrow'],
  ['resourceTransferOwn', 'handle, fromTid, toTid', '$handles.transferOwn'],
];

/** Calls from one component to another, and handles that go with them, need no tasks. */
export function simplifyGuestCalls({ outline, edit }: Rewriting): void {
  for (const [name, params, replacement] of REPLACED) {
    if (!outline.helpers.has(name)) continue;
    const helper = helperFunction(outline, name);
    must(helper.params.map((param) => edit.text(param)).join(', ') === params, `the parameters of ${name}`);
    edit.remove(helper);
    edit.insert(outline.generator.start, `const ${name} = ${replacement};\n`);
  }
  const isEntered = outline.helpers.has('_symmetricSyncGuestCallEnter');
  must(
    isEntered === outline.helpers.has('_symmetricSyncGuestCallExit'),
    'calls that are entered and not left',
  );
}
