import { WasmcpError } from '../../error.ts';
import type { StoreMaintenance } from '../store-maintenance.ts';

/** What to do instead of each operation. */
export type Remedies = Readonly<Record<keyof StoreMaintenance, string>>;

/** Refuses every operation, for an engine that is maintained with tools of its own. */
export function maintainedByOthers(engine: string, remedies: Remedies): StoreMaintenance {
  const refuse = (operation: keyof StoreMaintenance) => async (): Promise<never> => {
    throw new WasmcpError(
      'option-invalid',
      `store ${operation} is for a store in a SQLite file; for one on ${engine} ${remedies[operation]}`,
    );
  };
  return {
    check: refuse('check'),
    info: refuse('info'),
    backup: refuse('backup'),
    restore: refuse('restore'),
    migrate: refuse('migrate'),
  };
}
