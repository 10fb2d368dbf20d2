import { WasmcpError } from '../error.ts';
import { driverOf } from './drivers.ts';
import type { StoreMaintenance } from './store-maintenance.ts';

/**
 * Maintains the store at `url`, which must be `sqlite:PATH`.
 *
 * @throws WasmcpError `option-invalid`; the methods reject with `store-*`
 */
export function maintain(url: string): StoreMaintenance {
  const maintenance = driverOf(url)?.maintain?.(url);
  if (maintenance !== undefined) return maintenance;
  throw new WasmcpError('option-invalid', 'only a store in a file can be maintained: use sqlite:PATH');
}
