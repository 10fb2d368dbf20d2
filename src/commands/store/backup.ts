import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { withProgress } from './progress.ts';

/** Copies a snapshot of a store. */
export const backup: SubCommand = {
  name: 'backup',
  summary: 'copy a consistent snapshot of the store into a new file',
  options: ['store'],
  arguments: [{ name: 'file', description: 'the copy, which must not exist yet' }],
  examples: `
Examples:
  wasmcp-node store backup store-monday.db

Servers may keep running. The file gets its name once all of it is on disk.`,

  async run({ store }, { stderr }, file) {
    await withProgress(stderr, (progress) => maintain(store).backup(file, progress));
    stderr.write(`Copied to ${file}\n`);
    return 0;
  },
};
