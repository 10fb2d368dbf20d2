import type { Writable } from 'node:stream';
import type { MaintenanceProgress, MaintenanceStep } from '../../../host/index.ts';
import { progressLine } from '../progress.ts';

const STEPS: Readonly<Record<MaintenanceStep, string>> = {
  check: 'Checking',
  describe: 'Counting',
  copy: 'Copying',
  migrate: 'Upgrading the schema',
};

/** Runs `work` while a line on the terminal shows its progress; the line is erased when it ends. */
export async function withProgress<T>(
  stderr: Writable,
  work: (progress: MaintenanceProgress) => Promise<T>,
): Promise<T> {
  const line = progressLine(stderr);
  try {
    return await work((step, fraction) => line.show(STEPS[step], fraction));
  } finally {
    line.clear();
  }
}
