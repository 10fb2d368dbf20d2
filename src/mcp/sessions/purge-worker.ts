import { parentPort, workerData } from 'node:worker_threads';
import { openStore, WasmcpError } from '../../../host/index.ts';
import type { Purged } from './purge.ts';
import { type PurgeReply, type PurgeSetup, startPurge } from './purge-run.ts';

async function purge({ url, rule }: PurgeSetup): Promise<Purged> {
  // Sessions that reappear after a power failure are purged again, so there is no need to wait for the disk.
  const store = await openStore(url, { durability: 'process', create: false });
  try {
    const { done, stop } = startPurge(store, rule);
    parentPort!.once('message', stop);
    return await done;
  } finally {
    parentPort!.removeAllListeners('message');
    await store.close();
  }
}

function reply(message: PurgeReply): void {
  parentPort!.postMessage(message);
}

try {
  reply({ purged: await purge(workerData as PurgeSetup) });
} catch (error) {
  if (!(error instanceof WasmcpError)) throw error;
  reply({ code: error.code, message: error.message });
}
