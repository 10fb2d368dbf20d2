import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../error.ts';
import type { StoreOptions } from '../driver.ts';

/** Milliseconds for a call, unless an option says otherwise. */
export const DEFAULT_TIMEOUT = 5000;

/** Connections, unless an option says otherwise. */
export const DEFAULT_CONNECTIONS = 8;

/** Milliseconds between two attempts to reach an engine at the start. */
const START_PAUSE = 250;

/**
 * Repeats `work` while the engine is unavailable, for up to `wait` milliseconds.
 *
 * @param failureOf what an error of the engine means
 */
export async function whenReachable<T>(
  { wait = 0, away }: StoreOptions,
  failureOf: (error: unknown) => unknown,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + wait;
  let isReported = false;
  for (;;) {
    try {
      const result = await work();
      if (isReported) away?.(undefined);
      return result;
    } catch (error) {
      const failure = failureOf(error);
      if (!(failure instanceof WasmcpError) || failure.code !== 'store-unavailable') throw failure;
      if (performance.now() >= deadline) throw waited(failure, wait);
      if (!isReported) away?.(failure);
      isReported = true;
      await delay(START_PAUSE);
    }
  }
}

function waited(failure: WasmcpError, wait: number): WasmcpError {
  const message = `${failure.message}; waited ${wait / 1000} s for it (--store-wait)`;
  return wait === 0 ? failure : new WasmcpError(failure.code, message, { cause: failure.cause });
}
