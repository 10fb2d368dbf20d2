import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { type Replacement, replaceHelpers } from './replace-helpers.ts';

/** jco's functions for calls between components. */
const REPLACED: readonly Replacement[] = [
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
export function simplifyGuestCalls(rewriting: Rewriting): void {
  replaceHelpers(rewriting, REPLACED);
  const { helpers } = rewriting.outline;
  const isEntered = helpers.has('_symmetricSyncGuestCallEnter');
  must(isEntered === helpers.has('_symmetricSyncGuestCallExit'), 'calls that are entered and not left');
}
