import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linearizable, type Operation } from './linearizable.ts';
import { createRandom } from './random.ts';

export interface HistoryOptions {
  readonly processes: number;
  /** Operations that each process does, killed ones included. */
  readonly operations: number;
  readonly keys: number;
  /** Processes that are killed in the middle and replaced. */
  readonly kills: number;
  readonly seed: number;
}

export interface HistoryReport {
  readonly operations: number;
  /** Operations whose process was killed before it reported the outcome. */
  readonly open: number;
  readonly killed: number;
  /** Keys whose history is not linearizable. */
  readonly violations: readonly string[];
}

/** What a process gets when it starts. */
export interface WriterTask {
  readonly path: string;
  readonly seed: number;
  readonly operations: number;
  readonly keys: number;
}

/** What it reports for each operation: before the start, and at the end. All times are of one clock (`process.hrtime`). */
export type WriterReport =
  | { readonly begun: Omit<Operation, 'end'> }
  | { readonly ended: { readonly end: bigint; readonly output: Operation['output'] } };

/** Several processes work on one store at random, and some are killed; then the history of each key is checked separately. */
export async function historyCampaign(options: HistoryOptions): Promise<HistoryReport> {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-history-'));
  const random = createRandom(options.seed);
  const histories = new Map<string, Operation[]>();
  const total = { operations: 0, open: 0, killed: 0 };
  let left = options.kills;

  async function work(seed: number, operations: number): Promise<void> {
    const child = fork(new URL('./history-writer.ts', import.meta.url), {
      serialization: 'advanced',
      execArgv: [],
    });
    const task: WriterTask = { path: join(folder, 'store.db'), seed, operations, keys: options.keys };
    child.send(task);
    const fatal = left > 0 ? random.whole(1, operations) : undefined;
    if (fatal !== undefined) left--;
    const done = await collect(child, fatal);
    if (fatal !== undefined) total.killed++;
    if (done < operations) await work(seed + 1000, operations - done);
  }

  /** Returns the number of operations that were begun. */
  async function collect(child: ChildProcess, fatal: number | undefined): Promise<number> {
    let begun = 0;
    let current: Operation | undefined;
    child.on('message', (message: WriterReport) => {
      if ('begun' in message) {
        begun++;
        current = { ...message.begun, end: undefined };
        const history = histories.get(current.key) ?? [];
        histories.set(current.key, [...history, current]);
        if (begun === fatal) child.kill('SIGKILL');
      } else if (current !== undefined) {
        current.end = message.ended.end;
        current.output = message.ended.output;
        current = undefined;
      }
    });
    await once(child, 'close');
    return begun;
  }

  try {
    await Promise.all(
      Array.from({ length: options.processes }, (_, n) => work(options.seed + n, options.operations)),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const history of histories.values()) {
    total.operations += history.length;
    total.open += history.filter(({ end }) => end === undefined).length;
  }
  const violations = [...histories].filter(([, history]) => !linearizable(history)).map(([key]) => key);
  return { ...total, violations };
}
