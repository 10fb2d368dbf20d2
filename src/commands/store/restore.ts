import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { withProgress } from './progress.ts';

/** Creates a store from a backup. */
export const restore: SubCommand = {
  name: 'restore',
  summary: 'create the store from a backup',
  options: ['store'],
  arguments: [{ name: 'file', description: 'a file made by store backup' }],
  examples: `
Examples:
  wasmcp-node store restore store-monday.db --store sqlite:/var/lib/mcp/store.db

The backup is checked first. An existing store is never overwritten: stop its servers and move it away, including the
files beside it whose names begin with its name.`,

  async run({ store }, { stderr }, file) {
    await withProgress(stderr, (progress) => maintain(store).restore(file, progress));
    stderr.write(`Restored from ${file}\n`);
    return 0;
  },
};
