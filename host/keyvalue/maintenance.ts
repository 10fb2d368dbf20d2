import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../error.ts';
import { sqlitePath } from './open.ts';
import type { StoreInfo } from './sqlite/maintenance.ts';
import { runJob } from './sqlite/maintenance-thread.ts';

/** One step of a maintenance operation. */
export type MaintenanceStep = 'check' | 'describe' | 'copy' | 'migrate';

/** Called at the start of each step and five times a second; `fraction` is from 0 to 1, undefined if unknown. */
export type MaintenanceProgress = (step: MaintenanceStep, fraction?: number) => void;

/** Maintenance of a store that other processes may be using. Operations can take minutes and run in a thread of their own. */
export interface StoreMaintenance {
  /** Reads the whole store and returns its problems; an empty list if there are none. */
  check(progress?: MaintenanceProgress): Promise<string[]>;
  info(progress?: MaintenanceProgress): Promise<StoreInfo>;
  /** Copies a consistent snapshot of the store into a new file. */
  backup(path: string, progress?: MaintenanceProgress): Promise<void>;
  /** Creates the store from a backup. It must not exist. */
  restore(path: string, progress?: MaintenanceProgress): Promise<void>;
  /** Migrates the store to the newest schema; returns the number of its previous schema. */
  migrate(progress?: MaintenanceProgress): Promise<number>;
}

/**
 * Maintains the store at `url`, which must be `sqlite:PATH`.
 *
 * @throws WasmcpError `option-invalid`; the methods reject with `store-*`
 */
export function maintain(url: string): StoreMaintenance {
  const path = sqlitePath(url);
  if (path === undefined) {
    throw new WasmcpError('option-invalid', 'only a store in a file can be maintained: use sqlite:PATH');
  }
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
