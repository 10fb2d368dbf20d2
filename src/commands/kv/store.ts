import { type CheckedStore, checked, RESERVED_PREFIX, WasmcpError } from '../../../host/index.ts';
import type { OptionName, OptionValues } from '../../options/types.ts';
import type { Argument } from '../command.ts';
import { type OpenedStoreOptions, withOpenedStore } from '../opened-store.ts';
import { STORE_OPTIONS } from '../server-options.ts';

/** Options of all these commands. */
export const KV_OPTIONS: readonly OptionName[] = [...STORE_OPTIONS, 'internal'];

export const BUCKET: Argument = { name: 'bucket', description: 'the name of a bucket, such as default' };
export const KEY: Argument = { name: 'key', description: 'the key of an entry' };

/**
 * Calls `work` with a store whose keys and values are subject to the limits that guests have.
 *
 * @throws WasmcpError `store-*`
 */
export function withStore<T>(
  options: OptionValues,
  work: (store: CheckedStore) => Promise<T>,
  opening?: OpenedStoreOptions,
): Promise<T> {
  return withOpenedStore(options, (store) => work(checked(store, limitsOf(options), true)), opening);
}

function limitsOf({ maxValue }: Partial<Pick<OptionValues, 'maxValue'>>): { readonly maxValue?: number } {
  return maxValue === undefined ? {} : { maxValue };
}

/** Whether the command may show and change the bucket. */
export function isShown(bucket: string, { internal }: Pick<OptionValues, 'internal'>): boolean {
  return internal === true || !bucket.startsWith(RESERVED_PREFIX);
}

/** @throws WasmcpError `bucket-denied` */
export function refuseInternal(bucket: string, options: Pick<OptionValues, 'internal'>): void {
  if (isShown(bucket, options)) return;
  throw new WasmcpError(
    'bucket-denied',
    `bucket "${bucket}" is internal to wasmcp-node: add --internal if you really mean it`,
  );
}
