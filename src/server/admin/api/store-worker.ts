import { parentPort, workerData } from 'node:worker_threads';
import { openStore, WasmcpError } from '../../../../host/index.ts';
import { createStoreService } from './store-service.ts';
import type { ServiceReply, ServiceRequest, ServiceSetup } from './store-thread.ts';

/** Serves a store to the API from a thread of its own: a search reads for seconds, and SQLite blocks its thread meanwhile. */
const { url } = workerData as ServiceSetup;
const port = parentPort!;
const opened = openStore(url, { durability: 'strict', create: false });
/** One for all calls: it remembers what it has reported. */
const serving = opened.then(createStoreService);
// Each call reports that.
serving.catch(() => {});

async function answer({ id, method, args }: ServiceRequest): Promise<ServiceReply> {
  try {
    const service = await serving;
    return { id, value: await Reflect.apply(service[method], service, args) };
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    return { id, code: error.code, message: error.message };
  }
}

port.on('message', async (request: ServiceRequest | 'close') => {
  if (request !== 'close') {
    port.postMessage(await answer(request));
    return;
  }
  await opened.then((store) => store.close()).catch(() => {});
  port.close();
});
