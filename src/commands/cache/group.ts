import type { CommandGroup } from '../command.ts';
import { clear } from './clear.ts';
import { list } from './list.ts';

/** Looks after transpiled components on disk. */
export const cache: CommandGroup = {
  name: 'cache',
  summary: 'list or delete the transpiled components in the cache',
  commands: [list, clear],
};
