import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Housekeeping, HousekeepingOptions } from '../driver.ts';
import { growth } from './space-recovery.ts';
import { spaceReserve } from './space-reserve.ts';
import { openGuard } from './store-guard.ts';

const CHECKPOINT = new URL(import.meta.url.replace(/housekeeping(\.[jt]s)$/, 'checkpoint-worker$1'));

/**
 * Starts housekeeping for the store in the SQLite file at `path`, which this process must have open: detects lost files, keeps
 * a reserve for a full disk, and checkpoints a log that grows despite automatic checkpoints, as it does while readers or
 * writers leave no gap (https://sqlite.org/wal.html#avoiding_excessively_large_wal_files). The checkpoint runs in a thread of
 * its own. Does not keep the process alive.
 */
export function startHousekeeping(path: string, options: HousekeepingOptions = {}): Housekeeping {
  const { interval = 1000, logLimit = 64 * 1024 * 1024 } = options;
  const file = realpathSync(resolve(path));
  const guard = openGuard(file, `sqlite:${resolve(path)}`, 0);
  const reserve = spaceReserve(file);
  let checkpoint: Promise<void> | undefined;

  function run(): void {
    const failure = guard.files.check() ?? guard.check() ?? guard.moved();
    if (failure?.code === 'store-broken') {
      clearInterval(timer);
      options.broken?.(failure);
      return;
    }
    reserve.keep();
    const size = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    // On a full disk a checkpoint would take the space that deletes need, and fail.
    if (size > logLimit && reserve.free() > growth(guard.connection, file)) checkpoint ??= checkpointLog();
  }

  async function checkpointLog(): Promise<void> {
    await new Promise<void>((resolve) => {
      const worker = new Worker(CHECKPOINT, { workerData: file, execArgv: [] });
      worker.unref();
      // Not reported: the log is as good as before, and the next run tries again.
      worker.on('error', () => {});
      worker.on('exit', () => resolve());
    });
    checkpoint = undefined;
  }

  reserve.keep();
  const timer = setInterval(run, interval);
  timer.unref();
  return {
    isWhole: guard.isWhole,
    async close() {
      clearInterval(timer);
      await checkpoint;
      guard.close();
    },
    keepReserve: () => reserve.keep(),
  };
}
