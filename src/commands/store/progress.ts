import type { Writable } from 'node:stream';
import type { MaintenanceProgress, MaintenanceStep } from '../../../host/index.ts';
import { progressLine } from '../progress.ts';

const STEPS: Readonly<Record<MaintenanceStep, string>> = {
  check: 'Checking',
  describe: 'Counting',
  copy: 'Copying',
  migrate: 'Bringing the schema up to date',
};

/** Does `work` while a line on the terminal says how far it has come; the line is gone when it ends. */
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
