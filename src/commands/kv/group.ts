import type { CommandGroup } from '../command.ts';
import { buckets } from './buckets.ts';
import { deleteKey } from './delete.ts';
import { exportEntries } from './export.ts';
import { get } from './get.ts';
import { importEntries } from './import.ts';
import { increment } from './increment.ts';
import { keys } from './keys.ts';
import { set } from './set.ts';

/** Works on single entries of a store, also while servers use it. */
export const kv: CommandGroup = {
  name: 'kv',
  summary: 'read and change the keys and values of a store',
  commands: [buckets, keys, get, set, deleteKey, increment, exportEntries, importEntries],
};
