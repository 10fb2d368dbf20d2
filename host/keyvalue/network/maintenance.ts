import { WasmcpError } from '../../error.ts';
import type { StoreMaintenance } from '../store-maintenance.ts';

/** What is done with the engine's own tools. */
type Foreign = 'backup' | 'restore' | 'migrate';

/** What is done here, without changing the store. */
export type EngineMaintenance = Pick<StoreMaintenance, 'check' | 'info'>;

/** Milliseconds that the reading of a whole store may take. */
export const MAINTENANCE_TIME = 60_000;

/** @param remedies what to do instead of what is refused @param load loads the code for the rest */
export function maintainEngine(
  engine: string,
  remedies: Readonly<Record<Foreign, string>>,
  load: () => Promise<EngineMaintenance>,
): StoreMaintenance {
  const refuse = (operation: Foreign) => async (): Promise<never> => {
    throw new WasmcpError(
      'option-invalid',
      `store ${operation} is for a store in a SQLite file; for one on ${engine} ${remedies[operation]}`,
    );
  };
  return {
    async check(progress) {
      progress?.('check');
      return (await load()).check(progress);
    },
    async info(progress) {
      progress?.('describe');
      return (await load()).info(progress);
    },
    backup: refuse('backup'),
    restore: refuse('restore'),
    migrate: refuse('migrate'),
  };
}
