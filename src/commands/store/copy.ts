import { type CopyStep, copyBetween } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { progressLine } from '../progress.ts';
import { STORE_OPTIONS, storeAccess } from '../server-options.ts';

const STEPS: Readonly<Record<CopyStep, string>> = {
  copy: 'Copying',
  'catch up': 'Copying what has changed',
  compare: 'Comparing',
};

/** Copies a store into an empty one of any kind. */
export const copy: SubCommand = {
  name: 'copy',
  summary: 'copy the store into an empty one of any kind, and let that take its place',
  options: [...STORE_OPTIONS.filter((name) => name !== 'store'), 'acceptWeaker', 'keepSource'],
  arguments: [
    { name: 'from', description: 'the URL of a store, or spin:PATH for the key-value file of Spin' },
    { name: 'to', description: 'the URL of an empty store' },
  ],
  examples: `
Examples:
  wasmcp-node store copy sqlite:.wasmcp/store.db postgres://app@db/app
  wasmcp-node store copy spin:.spin/sqlite_key_value.db sqlite:.wasmcp/store.db

Servers may keep using a store in a SQLite file: at the end writes wait while what has changed is copied and every entry is
compared; then the source is marked as moved, and its servers refuse writes and end. Stop the servers of other stores first. An
interrupted copy continues with the same command.`,

  async run(options, { stdout, stderr }, from, to) {
    const progress = progressLine(stderr);
    try {
      const copied = await copyBetween(from, to, storeAccess(options), {
        move: options.keepSource !== true,
        progress: (step, entries) => progress.show(`${STEPS[step]}: ${entries} entries`),
      });
      progress.clear();
      stdout.write(`${copied.keys} keys, checksum ${copied.checksum}\n`);
      stderr.write(`Copied ${copied.from} to ${copied.to}; every entry is equal\n`);
      return 0;
    } finally {
      progress.clear();
    }
  },
};
