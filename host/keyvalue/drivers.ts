import type { SourceDriver, StoreDriver } from './driver.ts';
import { MEMORY } from './memory/driver.ts';
import { POSTGRES } from './postgres/driver.ts';
import { REDIS } from './redis/driver.ts';
import { SQLITE } from './sqlite/driver.ts';
import { SPIN } from './sqlite/spin-driver.ts';

/** Every kind of store. This is the only list of them: the rest of the program asks the driver. */
export const DRIVERS: readonly StoreDriver[] = [SQLITE, MEMORY, POSTGRES, REDIS];

export function driverOf(url: string): StoreDriver | undefined {
  return DRIVERS.find((driver) => driver.accepts(url));
}

/** What reads `url` for a copy; undefined if it has to be opened as a store. */
export function sourceDriverOf(url: string): Partial<SourceDriver> | undefined {
  return [...DRIVERS, SPIN].find((driver) => driver.accepts(url));
}
