import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { WasmcpError, type WasmcpErrorCode } from '../../error.ts';
import type { StoreInfo } from '../store-maintenance.ts';

/** A task that reads a whole store. */
export type Job =
  | { readonly task: 'check' | 'describe' | 'migrate'; readonly path: string }
  | { readonly task: 'copy'; readonly source: string; readonly target: string; readonly temporary: string };

/** What each task returns. */
export interface JobResults {
  readonly check: string[];
  readonly describe: StoreInfo;
  /** The number of the previous schema. */
  readonly migrate: number;
  readonly copy: undefined;
}

export type JobReply =
  | { readonly value: JobResults[keyof JobResults] }
  | { readonly code: WasmcpErrorCode; readonly message: string };

/** Milliseconds between two calls of `tick`. */
const TICK = 200;

const WORKER = new URL(import.meta.url.replace(/thread(\.[jt]s)$/, 'worker$1'));

/**
 * Runs the job in a thread of its own, as it can take minutes. Calls `tick` at once and a few times a second.
 *
 * @throws WasmcpError as the task does
 */
export async function runJob<J extends Job>(job: J, tick: () => void): Promise<JobResults[J['task']]> {
  tick();
  const timer = setInterval(tick, TICK);
  try {
    const worker = new Worker(WORKER, { workerData: job, execArgv: [] });
    const [reply] = (await once(worker, 'message')) as [JobReply];
    if ('code' in reply) throw new WasmcpError(reply.code, reply.message);
    return reply.value as JobResults[J['task']];
  } finally {
    clearInterval(timer);
  }
}
