import {
  createInstancePool,
  type InstancePool,
  type InstancePoolOptions,
} from '../../src/snapshot/instance-pool.ts';
import type { NewInstance } from '../../src/snapshot/restoration.ts';
import { type Guest, prepareGuest } from './guests.ts';

/** Keeps state between requests: a count in its memory, a secret in a global. */
export const guest: Awaited<ReturnType<typeof prepareGuest>> = await prepareGuest(`(module
  (import "host" "number" (func $number (result i32)))
  (memory 1) (global $secret (mut i32) (i32.const 0))
  (func $start (i32.store (i32.const 8) (call $number)))
  (start $start)
  (func (export "count") (result i32)
    (i32.store (i32.const 0) (i32.add (i32.const 1) (i32.load (i32.const 0))))
    (i32.load (i32.const 0)))
  (func (export "keep") (param i32) (result i32)
    (global.get $secret) (global.set $secret (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 300)))
  (func (export "grow a little") (result i32) (memory.grow (i32.const 1))))`);

export interface Watched {
  readonly pool: InstancePool<Guest>;
  readonly created: Guest[];
  readonly reasons: string[];
}

export function createPool(
  options: Partial<InstancePoolOptions<Guest>> & {
    readonly number?: () => number;
    /** Limit of the only memory, in bytes. */
    readonly limit?: number;
    readonly alter?: (made: NewInstance<Guest>) => Partial<NewInstance<Guest>>;
  } = {},
): Watched {
  const { number = () => 0, limit = 4 * 1024 ** 3, alter = () => ({}), ...rest } = options;
  const created: Guest[] = [];
  const reasons: string[] = [];
  const pool = createInstancePool<Guest>({
    create() {
      const instance = guest({ host: { number } });
      created.push(instance);
      const made = {
        instance,
        cores: [instance.core],
        memoryLimits: [limit],
        glue: undefined,
        hasNondeterministicInit: () => false,
      };
      return { ...made, ...alter(made) };
    },
    isolation: 'request',
    idleLimit: 4,
    verify: true,
    degraded: (reason) => reasons.push(reason),
    ...rest,
  });
  return { pool, created, reasons };
}

export const FINE = { poisoned: false };
