import { expectShape } from '../expect-shape.ts';
import type { Rewriting } from '../rewriting.ts';
import { type Replacement, replaceHelpers } from './replace-helpers.ts';

/** jco's functions for calls between components. */
const REPLACED: readonly Replacement[] = [
  [
    '_symmetricSyncGuestCallEnter',
    'callerComponentIdx, calleeIsAsync, calleeComponentIdx, syncOnly = false',
    '$callStack.enterGuest',
  ],
  ['_symmetricSyncGuestCallExit', '', '$callStack.leaveGuest'],
  ['resourceTransferBorrow', 'handle, fromTid, toTid', '$handles.transferBorrow'],
  ['resourceTransferOwn', 'handle, fromTid, toTid', '$handles.transferOwn'],
];

/** Makes calls from one component to another, and the transfer of handles with them, work without tasks. */
export function simplifyGuestCalls(rewriting: Rewriting): void {
  replaceHelpers(rewriting, REPLACED);
  const { helpers } = rewriting.outline;
  const isEntered = helpers.has('_symmetricSyncGuestCallEnter');
  expectShape(
    isEntered === helpers.has('_symmetricSyncGuestCallExit'),
    'calls that are entered and not left',
  );
}
