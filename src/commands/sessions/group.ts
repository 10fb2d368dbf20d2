import type { CommandGroup } from '../command.ts';
import { end } from './end.ts';
import { exportSessions } from './export.ts';
import { importSessions } from './import.ts';
import { list } from './list.ts';
import { purge } from './purge.ts';
import { set } from './set.ts';
import { show } from './show.ts';
import { tail } from './tail.ts';
import { unset } from './unset.ts';

/** Works on the sessions of a store, also while servers use it. */
export const sessions: CommandGroup = {
  name: 'sessions',
  summary: 'list, show, change, end, delete, export or import the sessions in a store',
  commands: [list, show, tail, set, unset, end, purge, exportSessions, importSessions],
  meant: {
    delete: 'end or purge',
    remove: 'end or purge',
    kill: 'end',
    stop: 'end',
    get: 'show',
  },
};
