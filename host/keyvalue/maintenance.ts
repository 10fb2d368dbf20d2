import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../error.ts';
import { sqlitePath } from './open.ts';
import type { StoreInfo } from './sqlite/maintenance.ts';
import { runJob } from './sqlite/maintenance-thread.ts';

/** What is being done with a store. */
export type MaintenanceStep = 'check' | 'describe' | 'copy' | 'migrate';

/** Told at the start of each step and a few times a second; `fraction`, from 0 to 1, where it can be known. */
export type MaintenanceProgress = (step: MaintenanceStep, fraction?: number) => void;

/**
 * What can be done with a store from outside, while others use it. `url` is `sqlite:PATH`; other kinds are `option-invalid`.
 * It can take minutes; all of it runs in a thread of its own.
 */
export interface StoreMaintenance {
  /** What is wrong with the store; nothing, if all is well. Reads all of it. */
  check(progress?: MaintenanceProgress): Promise<string[]>;
  info(progress?: MaintenanceProgress): Promise<StoreInfo>;
  /** Copies the store, as it is at one moment, into a new file. */
  backup(path: string, progress?: MaintenanceProgress): Promise<void>;
  /** Makes the store from a backup. It must not exist. */
  restore(path: string, progress?: MaintenanceProgress): Promise<void>;
  /** Brings the store's schema up to date; answers its number before. */
  migrate(progress?: MaintenanceProgress): Promise<number>;
}

/** @throws WasmcpError `option-invalid`; its methods reject with `store-*` */
export function maintain(url: string): StoreMaintenance {
  const path = sqlitePath(url);
  if (path === undefined) {
    throw new WasmcpError('option-invalid', 'only a store in a file can be looked after: write sqlite:PATH');
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
