import { WasmcpError } from '../../error.ts';

/** A step that the engine may not have received, or to which it has not replied. */
export class Lost extends Error {}

/** A step that the engine has rolled back because of another one, or has not begun: it can be repeated. */
export class Aborted extends Error {}

/** A step that the engine cannot begin yet, however often others write: it is repeated while there is time. */
export class Postponed extends Aborted {}

/** Settles as `work` does; rejects with `Lost` after `milliseconds`. */
export async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Lost('it did not respond in time (--store-timeout)')),
    Math.max(0, milliseconds),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export function unavailable(url: string, reason: string, cause?: Error): WasmcpError {
  return new WasmcpError('store-unavailable', `${url} cannot be reached: ${reason}`, { cause });
}

/** Connecting to a host with several addresses fails with one error for each address. */
export function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
  }
  return error.message;
}

export function unknownOutcome(url: string, cause: Error): WasmcpError {
  return new WasmcpError(
    'store-outcome-unknown',
    `${url} was lost during a write, which may have taken effect or not: ${cause.message}`,
    { cause },
  );
}

export function contended(url: string, cause: unknown): WasmcpError {
  return new WasmcpError('store-busy', `${url} is being written by others: try again`, { cause });
}

/** @throws WasmcpError `store-limit` if the values of a batch have more than `limit` bytes */
export function checkBatch(values: readonly Uint8Array[], limit: number): void {
  const size = values.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (size <= limit) return;
  throw new WasmcpError('store-limit', `the values of this batch have ${size} bytes, the limit is ${limit}`);
}

/** The failure of an engine whose settings can lose what it has acknowledged. */
export function notDurable(url: string, remedy: string): WasmcpError {
  return new WasmcpError(
    'store-unusable',
    `${url} can lose acknowledged writes in a power cut: ${remedy}; or accept it with --durability process, or with --accept-weaker`,
  );
}
