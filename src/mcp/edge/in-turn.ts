import { createLeaseHolder, type Fence, type Store } from '../../../host/index.ts';
import { createSessionQueue } from './session-queue.ts';
import { createSessionTurns } from './session-turns.ts';

/**
 * Calls `work` between two requests of a session that another program serves, on whichever host.
 *
 * @throws WasmcpError `session-busy`, `store-*`
 */
export async function inTurn<T>(
  store: Store,
  { bucket, id }: { readonly bucket: string; readonly id: string },
  timeout: number,
  work: (fence: Fence | undefined) => Promise<T>,
): Promise<T> {
  const leases = store.leases && createLeaseHolder(store.leases);
  try {
    const turns = createSessionTurns({ queue: createSessionQueue(0), leases, bucket, timeout });
    return await turns.take(id, work);
  } finally {
    await leases?.close();
  }
}
