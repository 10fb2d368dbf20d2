import { WasmcpError } from '../error.ts';
import type { StoreAccess } from './driver.ts';
import { driverOf } from './drivers.ts';
import type { StoreMaintenance } from './store-maintenance.ts';

/**
 * Maintains the store at `url`, unless it is in memory.
 *
 * @param access how an engine on another machine is reached
 * @throws WasmcpError `option-invalid`; the methods reject with `store-*`, and with `option-invalid` and the remedy for what is done
 * with the engine's own tools
 */
export function maintain(url: string, access: StoreAccess = {}): StoreMaintenance {
  const maintenance = driverOf(url)?.maintain?.(url, access);
  if (maintenance !== undefined) return maintenance;
  throw new WasmcpError('option-invalid', 'a store in memory cannot be maintained: use sqlite:PATH');
}
