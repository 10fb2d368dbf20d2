import { writeSync } from 'node:fs';
import { withOpeningLock } from '../../../../host/keyvalue/sqlite/opening-lock.ts';

/** A process that holds the lock of a store, whose path is its argument, until it is killed. It says so on stdout. */
withOpeningLock(process.argv[2]!, 60_000, (isLocked) => {
  writeSync(1, isLocked ? 'locked' : 'not locked');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
