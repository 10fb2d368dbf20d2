import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Store, WasmcpError, type WasmcpErrorCode } from '../../../host/index.ts';
import { type Purged, type PurgeRule, purgeSessions } from './purge.ts';
import { createThrottle } from './throttle.ts';

/** One purge under way. */
export interface PurgeRun {
  /** @throws WasmcpError `store-*` */
  readonly done: Promise<Purged>;
  /** Ends it soon; what is purged by then is purged. */
  stop(): void;
}

/** What the thread is told. */
export interface PurgeSetup {
  readonly url: string;
  readonly rule: PurgeRule;
}

export type PurgeReply =
  | { readonly purged: Purged }
  | { readonly code: WasmcpErrorCode; readonly message: string };

const WORKER = new URL(import.meta.url.replace(/purge-run(\.[jt]s)$/, 'purge-worker$1'));

/** Purges the store of this URL from a thread of its own, as SQLite makes those who write wait. */
export function startPurgeInThread(url: string, rule: PurgeRule): PurgeRun {
  const setup: PurgeSetup = { url, rule };
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
  const [answer] = (await once(worker, 'message')) as [PurgeReply];
  if ('code' in answer) throw new WasmcpError(answer.code, answer.message);
  return answer.purged;
}

/** Purges a store that lives on this thread, in small pieces. */
export function startPurge(store: Store, rule: PurgeRule): PurgeRun {
  const breathe = createThrottle();
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
