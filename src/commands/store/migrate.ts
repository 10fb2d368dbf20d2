import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { withProgress } from './progress.ts';

/** Brings a store's schema up to date, as every start of a server does. */
export const migrate: SubCommand = {
  name: 'migrate',
  summary: "bring the store's schema up to date, as the next start of a server would",
  options: ['store'],
  examples: `
Examples:
  wasmcp-node store migrate

One transaction a step: a migration that is cut off has not begun. Older versions of this program refuse the store then.`,

  async run(_, { store }, { stderr }) {
    const maintenance = maintain(store);
    const before = await withProgress(stderr, maintenance.migrate);
    const { schema } = await withProgress(stderr, maintenance.info);
    stderr.write(before === schema ? `Schema ${schema} already\n` : `Schema ${before} is now ${schema}\n`);
    return 0;
  },
};
