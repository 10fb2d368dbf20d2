import {
  type CheckedStore,
  checked,
  type Entry,
  RESERVED_PREFIX,
  type Store,
  WasmcpError,
} from '../../../host/index.ts';
import { prefixOf } from '../../mcp/sessions/layout.ts';
import { owningSession } from '../../mcp/sessions/owning-session.ts';
import type { OptionAdjustments, OptionName, OptionValues } from '../../options/types.ts';
import type { Argument } from '../command.ts';
import { type OpenedStoreOptions, withOpenedStore } from '../opened-store.ts';
import { shellWord } from '../print.ts';
import { STORE_OPTIONS } from '../server-options.ts';

/** Options of all these commands. */
export const KV_OPTIONS: readonly OptionName[] = [...STORE_OPTIONS, 'internal'];

/** `--internal` for commands that write. */
export const WRITING: OptionAdjustments = {
  internal: {
    description: 'include the buckets that wasmcp-node keeps for itself, and the keys of sessions',
  },
};

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

/**
 * Refuses to write the key of a session that exists: its values have a type, which these commands do not know.
 *
 * @throws WasmcpError `value-refused`
 */
export async function refuseSession(
  store: Store,
  { bucket, key }: Pick<Entry, 'bucket' | 'key'>,
  { internal }: Pick<OptionValues, 'internal'>,
): Promise<void> {
  if (internal) return;
  const session = await owningSession(store, bucket, key);
  if (session === undefined) return;
  const { id } = session;
  const words = `${id} ${shellWord(key.slice(prefixOf(id).length))}`;
  throw new WasmcpError(
    'value-refused',
    `"${key}" belongs to session ${id}, whose values have types: use wasmcp-node sessions set ${words} or sessions unset ${words}, or add --internal if you really mean it`,
  );
}
