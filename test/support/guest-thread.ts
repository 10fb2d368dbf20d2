import type { InstancesParts } from '../../src/engine/worker/instances.ts';
import { ScheduledGuest } from '../../src/engine/worker/scheduled-guest.ts';
import { createScheduler } from '../../src/engine/worker/scheduler.ts';
import { createLedger } from '../../src/process/memory/ledger.ts';

/** What instances get from their thread; in this one there is nothing else to do, and room for everything. */
export function guestThread(): Pick<
  InstancesParts,
  'schedule' | 'limits' | 'ledger' | 'heap' | 'descriptors' | 'maxDescriptors'
> {
  const scheduler = createScheduler({ messageWaits: () => false });
  const limits = { timeout: Number.POSITIVE_INFINITY, streamIdle: Number.POSITIVE_INFINITY };
  return {
    limits,
    schedule: () => new ScheduledGuest(scheduler, limits),
    ledger: createLedger(Number.POSITIVE_INFINITY).open(),
    descriptors: { tryTake: () => true, give() {} },
    maxDescriptors: 256,
    heap: { isFull: () => false, refusal: () => 'the heap is full' },
  };
}
