import { parentPort, workerData } from 'node:worker_threads';
import { openStore, WasmcpError } from '../../../../host/index.ts';
import { createStoreService } from './store-service.ts';
import type { ServiceAbort, ServiceReply, ServiceRequest, ServiceSetup } from './store-thread.ts';

/** Serves a store to the API from a thread of its own: a search reads for seconds, and SQLite blocks its thread meanwhile. */
const { url } = workerData as ServiceSetup;
const port = parentPort!;
const opened = openStore(url, { durability: 'strict', create: false });
/** One for all calls: it remembers what it has reported. */
const serving = opened.then(createStoreService);
// Each call reports that.
serving.catch(() => {});

/** Of the requests that can be abandoned. */
const running = new Map<number, AbortController>();

/** Undefined if the request was abandoned. */
async function answer({ id, method, args, hasSignal }: ServiceRequest): Promise<ServiceReply | undefined> {
  const abandoned = new AbortController();
  if (hasSignal) running.set(id, abandoned);
  try {
    const service = await serving;
    const all = hasSignal ? [...args, abandoned.signal] : args;
    return { id, value: await Reflect.apply(service[method], service, all) };
  } catch (error) {
    if (abandoned.signal.aborted) return undefined;
    if (!(error instanceof WasmcpError)) throw error;
    return { id, code: error.code, message: error.message };
  } finally {
    running.delete(id);
  }
}

port.on('message', async (message: ServiceRequest | ServiceAbort | 'close') => {
  if (message !== 'close') {
    if ('aborted' in message) running.get(message.aborted)?.abort();
    else {
      const reply = await answer(message);
      if (reply !== undefined) port.postMessage(reply);
    }
    return;
  }
  await opened.then((store) => store.close()).catch(() => {});
  port.close();
});
