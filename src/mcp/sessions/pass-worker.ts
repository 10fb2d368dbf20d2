import { parentPort, workerData } from 'node:worker_threads';
import { openStore, WasmcpError } from '../../../host/index.ts';
import { type PassAnswer, type PassSetup, startPassHere } from './pass.ts';
import type { Purged } from './purge.ts';

async function purge({ url, rule }: PassSetup): Promise<Purged> {
  // What a power cut brings back is purged once more: nobody has to wait for the disk.
  const store = await openStore(url, { durability: 'process', create: false });
  try {
    const { done, stop } = startPassHere(store, rule);
    parentPort!.once('message', stop);
    return await done;
  } finally {
    parentPort!.removeAllListeners('message');
    await store.close();
  }
}

function answer(message: PassAnswer): void {
  parentPort!.postMessage(message);
}

try {
  answer({ purged: await purge(workerData as PassSetup) });
} catch (error) {
  if (!(error instanceof WasmcpError)) throw error;
  answer({ code: error.code, message: error.message });
}
