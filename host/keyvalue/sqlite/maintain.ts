import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../../error.ts';
import type { MaintenanceProgress, StoreMaintenance } from '../store-maintenance.ts';
import { runJob } from './maintenance-thread.ts';

/** Maintains the store in the SQLite file at `path`. The methods reject with `store-*`. */
export function maintainSqlite(path: string): StoreMaintenance {
  return {
    check: (progress = ignore) => runJob({ task: 'check', path }, () => progress('check')),
    info: (progress = ignore) => runJob({ task: 'describe', path }, () => progress('describe')),
    backup: (target, progress = ignore) => copy(path, target, progress),
    async restore(source, progress = ignore) {
      const [problem] = await runJob({ task: 'check', path: source }, () => progress('check'));
      if (problem !== undefined) throw new WasmcpError('store-unusable', `${source} is damaged: ${problem}`);
      await copy(source, path, progress);
    },
    migrate: (progress = ignore) => runJob({ task: 'migrate', path }, () => progress('migrate')),
  };
}

function ignore(): void {}

async function copy(source: string, target: string, progress: MaintenanceProgress): Promise<void> {
  const temporary = `${resolve(target)}.${randomUUID()}`;
  const whole = sizeOf(source);
  await runJob({ task: 'copy', source, target, temporary }, () =>
    progress('copy', whole === 0 ? 0 : Math.min(1, sizeOf(temporary) / whole)),
  );
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
