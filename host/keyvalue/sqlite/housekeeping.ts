import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WasmcpError } from '../../error.ts';
import { openGuard } from './guard.ts';
import { growth } from './space-recovery.ts';
import { spaceReserve } from './space-reserve.ts';

/** Looks after the files of an open store. */
export interface Housekeeping {
  /** See `StoreGuard`. */
  isWhole(): boolean;
  /** Settles when nothing of it runs any more. Twice is fine. */
  close(): Promise<void>;
}

export interface HousekeepingOptions {
  /** Called once, when the files were deleted or replaced. */
  readonly broken?: (failure: WasmcpError) => void;
  /** Milliseconds between two looks; 1,000 by default. */
  readonly interval?: number;
  /** Bytes of the log above which it is emptied; 64 MiB by default. */
  readonly logLimit?: number;
}

const CHECKPOINT = new URL(import.meta.url.replace(/housekeeping(\.[jt]s)$/, 'checkpoint-worker$1'));

/**
 * Looks after the store in the SQLite file at `path`, which this process has open: notices when its files go away, keeps
 * a reserve for a full disk, and empties the log when it grows although commits checkpoint by themselves, as it does
 * while readers or writers leave no gap (https://sqlite.org/wal.html#avoiding_excessively_large_wal_files). That runs in
 * a thread of its own. Does not keep the process alive.
 */
export function startHousekeeping(path: string, options: HousekeepingOptions = {}): Housekeeping {
  const { interval = 1000, logLimit = 64 * 1024 * 1024 } = options;
  const file = realpathSync(resolve(path));
  const guard = openGuard(file, `sqlite:${resolve(path)}`, 0);
  const reserve = spaceReserve(file);
  let checkpoint: Promise<void> | undefined;

  function look(): void {
    const failure = guard.files.check() ?? guard.check();
    if (failure?.code === 'store-broken') {
      clearInterval(timer);
      options.broken?.(failure);
      return;
    }
    reserve.keep();
    const size = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    // On a full disk a checkpoint would take what deletes need, and not end.
    if (size > logLimit && reserve.free() > growth(guard.connection, file)) checkpoint ??= emptyLog();
  }

  async function emptyLog(): Promise<void> {
    await new Promise<void>((resolve) => {
      const worker = new Worker(CHECKPOINT, { workerData: file, execArgv: [] });
      worker.unref();
      // It tries again with the next look, and says nothing: the log is as good as before.
      worker.on('error', () => {});
      worker.on('exit', () => resolve());
    });
    checkpoint = undefined;
  }

  reserve.keep();
  const timer = setInterval(look, interval);
  timer.unref();
  return {
    isWhole: guard.isWhole,
    async close() {
      clearInterval(timer);
      await checkpoint;
      guard.close();
    },
  };
}
