import type { CommandGroup } from '../command.ts';
import { backup } from './backup.ts';
import { check } from './check.ts';
import { copy } from './copy.ts';
import { info } from './info.ts';
import { migrate } from './migrate.ts';
import { restore } from './restore.ts';

/** Works on a store, also while servers use it. */
export const store: CommandGroup = {
  name: 'store',
  summary: 'check, describe, copy or upgrade a store',
  commands: [check, info, backup, restore, copy, migrate],
};
