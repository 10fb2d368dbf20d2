import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { WasmcpError, type WasmcpErrorCode } from '../../error.ts';
import type { StoreInfo } from './maintenance.ts';

/** Work that reads a whole store. */
export type Job =
  | { readonly task: 'check' | 'describe' | 'migrate'; readonly path: string }
  | { readonly task: 'copy'; readonly source: string; readonly target: string; readonly temporary: string };

/** What each task answers. */
export interface JobResults {
  readonly check: string[];
  readonly describe: StoreInfo;
  /** The number of the schema before. */
  readonly migrate: number;
  readonly copy: undefined;
}

export type JobAnswer =
  | { readonly value: JobResults[keyof JobResults] }
  | { readonly code: WasmcpErrorCode; readonly message: string };

/** Milliseconds from one `tick` to the next. */
const TICK = 200;

const WORKER = new URL(import.meta.url.replace(/thread(\.[jt]s)$/, 'worker$1'));

/**
 * Does the work in a thread of its own, as it can take minutes. Calls `tick` at once and a few times a second.
 *
 * @throws WasmcpError as the work does
 */
export async function runJob<J extends Job>(job: J, tick: () => void): Promise<JobResults[J['task']]> {
  tick();
  const timer = setInterval(tick, TICK);
  try {
    const worker = new Worker(WORKER, { workerData: job, execArgv: [] });
    const [answer] = (await once(worker, 'message')) as [JobAnswer];
    if ('code' in answer) throw new WasmcpError(answer.code, answer.message);
    return answer.value as JobResults[J['task']];
  } finally {
    clearInterval(timer);
  }
}
