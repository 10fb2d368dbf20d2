import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { withProgress } from './progress.ts';

/** Copies a store as it is at one moment. */
export const backup: SubCommand = {
  name: 'backup',
  summary: 'copy the store, as it is at one moment, into a new file',
  options: ['store'],
  argument: { name: 'file', description: 'the copy; it must not exist' },
  examples: `
Examples:
  wasmcp-node store backup store-monday.db

Servers may go on. The file has its name only when all of it is on disk.`,

  async run(file, { store }, { stderr }) {
    await withProgress(stderr, (progress) => maintain(store).backup(file, progress));
    stderr.write(`Copied to ${file}\n`);
    return 0;
  },
};
