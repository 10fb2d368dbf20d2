import type { CommandGroup } from '../command.ts';
import { exportSessions } from './export.ts';
import { list } from './list.ts';
import { purge } from './purge.ts';
import { show } from './show.ts';
import { terminate } from './terminate.ts';

/** Works on the sessions of a store, also while servers use it. */
export const sessions: CommandGroup = {
  name: 'sessions',
  summary: 'list, show, end, delete or export the sessions in a store',
  commands: [list, show, terminate, purge, exportSessions],
};
