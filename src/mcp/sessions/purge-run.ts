import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Store, WasmcpError, type WasmcpErrorCode } from '../../../host/index.ts';
import { type Purged, type PurgeRule, purgeSessions } from './purge.ts';
import { createThrottle } from './throttle.ts';

/** A purge in progress. */
export interface PurgeRun {
  /** @throws WasmcpError `store-*` */
  readonly done: Promise<Purged>;
  /** Ends it soon; sessions purged until then stay purged. */
  stop(): void;
}

/** What the worker thread gets. */
export interface PurgeSetup {
  readonly url: string;
  readonly rule: PurgeRule;
}

export type PurgeReply =
  | { readonly purged: Purged }
  | { readonly code: WasmcpErrorCode; readonly message: string };

const WORKER = new URL(import.meta.url.replace(/purge-run(\.[jt]s)$/, 'purge-worker$1'));

/** Purges the store of this URL in a thread of its own, because writers to SQLite block while they wait. */
export function startPurgeInThread(url: string, rule: PurgeRule): PurgeRun {
  const setup: PurgeSetup = { url, rule };
  const worker = new Worker(WORKER, { workerData: setup, execArgv: [] });
  worker.unref();
  // How it ends does not matter once it has replied.
  worker.on('error', () => {});
  return {
    done: answerOf(worker),
    stop: () => worker.postMessage('stop'),
  };
}

async function answerOf(worker: Worker): Promise<Purged> {
  const [reply] = (await once(worker, 'message')) as [PurgeReply];
  if ('code' in reply) throw new WasmcpError(reply.code, reply.message);
  return reply.purged;
}

/** Purges a store on this thread, in small pieces. */
export function startPurge(store: Store, rule: PurgeRule): PurgeRun {
  const throttle = createThrottle();
  let stopped = false;
  return {
    done: purgeSessions(store, rule, async () => {
      await throttle();
      return !stopped;
    }),
    stop() {
      stopped = true;
    },
  };
}
