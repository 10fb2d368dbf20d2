import { WasmcpError } from '../error.ts';
import { driverOf } from './drivers.ts';
import type { StoreMaintenance } from './store-maintenance.ts';

/**
 * Maintains the store at `url`, if it is `sqlite:PATH`.
 *
 * @throws WasmcpError `option-invalid`; the methods reject with `store-*`, and with `option-invalid` and the remedy for a store
 * that is maintained with tools of its own
 */
export function maintain(url: string): StoreMaintenance {
  const maintenance = driverOf(url)?.maintain?.(url);
  if (maintenance !== undefined) return maintenance;
  throw new WasmcpError('option-invalid', 'only a store in a file can be maintained: use sqlite:PATH');
}
