import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { withProgress } from './progress.ts';

/** Upgrades the schema of a store, as every start of a server does. */
export const migrate: SubCommand = {
  name: 'migrate',
  summary: "bring the store's schema up to date, as the next start of a server would",
  options: ['store'],
  examples: `
Examples:
  wasmcp-node store migrate

Each step is one transaction, so an interrupted step has no effect. Older versions of this program refuse the store afterwards.`,

  async run({ store }, { stderr }) {
    const maintenance = maintain(store);
    const before = await withProgress(stderr, maintenance.migrate);
    const { schema } = await withProgress(stderr, maintenance.info);
    stderr.write(
      before === schema ? `Schema is already ${schema}\n` : `Schema upgraded from ${before} to ${schema}\n`,
    );
    return 0;
  },
};
