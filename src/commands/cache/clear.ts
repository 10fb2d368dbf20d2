import { cacheFolder, clearCache } from '../../loader/cache-files.ts';
import type { SubCommand } from '../command.ts';
import { oneLine } from '../print.ts';

/** Deletes what is cached. */
export const clear: SubCommand = {
  name: 'clear',
  summary: 'delete all transpiled components; the next start of each transpiles it again',
  options: ['cacheDir'],
  examples: `
Examples:
  wasmcp-node cache clear

Servers may keep running. Other files in the folder stay.`,

  async run({ cacheDir }, { stderr }) {
    const folder = await cacheFolder(cacheDir);
    const { files, bytes } = await clearCache(folder);
    stderr.write(`Deleted ${files} files, ${bytes} bytes, from ${oneLine(folder)}\n`);
    return 0;
  },
};
