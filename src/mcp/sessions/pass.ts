import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Store, WasmcpError, type WasmcpErrorCode } from '../../../host/index.ts';
import { createPace } from './pace.ts';
import { type Purged, type PurgeRule, purgeSessions } from './purge.ts';

/** One purge under way. */
export interface Pass {
  /** @throws WasmcpError `store-*` */
  readonly done: Promise<Purged>;
  /** Ends it soon; what is purged by then is purged. */
  stop(): void;
}

/** What the thread is told. */
export interface PassSetup {
  readonly url: string;
  readonly rule: PurgeRule;
}

export type PassAnswer =
  | { readonly purged: Purged }
  | { readonly code: WasmcpErrorCode; readonly message: string };

const WORKER = new URL(import.meta.url.replace(/pass(\.[jt]s)$/, 'pass-worker$1'));

/** Purges the store of this URL from a thread of its own, as SQLite makes those who write wait. */
export function startPassInThread(url: string, rule: PurgeRule): Pass {
  const setup: PassSetup = { url, rule };
  const worker = new Worker(WORKER, { workerData: setup, execArgv: [] });
  worker.unref();
  // Once it has answered nobody asks how it ends.
  worker.on('error', () => {});
  return {
    done: answerOf(worker),
    stop: () => worker.postMessage('stop'),
  };
}

async function answerOf(worker: Worker): Promise<Purged> {
  const [answer] = (await once(worker, 'message')) as [PassAnswer];
  if ('code' in answer) throw new WasmcpError(answer.code, answer.message);
  return answer.purged;
}

/** Purges a store that lives on this thread, in small pieces. */
export function startPassHere(store: Store, rule: PurgeRule): Pass {
  const breathe = createPace();
  let stopped = false;
  return {
    done: purgeSessions(store, rule, async () => {
      await breathe();
      return !stopped;
    }),
    stop() {
      stopped = true;
    },
  };
}
