import { cacheFiles, cacheFolder } from '../../loader/cache-files.ts';
import { cacheKeySuffix } from '../../loader/load-component.ts';
import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { oneLine } from '../print.ts';

/** Lists what is cached. */
export const list: SubCommand = {
  name: 'list',
  summary: 'list the transpiled components, the newest first',
  options: ['cacheDir', 'json'],
  examples: `
Examples:
  wasmcp-node cache list

Each with the SHA-256 of its component, which serve --verbose prints too. "other version": another version of wasmcp-node or of the
transpiler made it, and this one does not use it.`,

  async run(options, { stdout }) {
    const output = outputTo(stdout, options);
    const folder = await cacheFolder(options.cacheDir);
    const files = await cacheFiles(folder, cacheKeySuffix());
    for (const { path, size, written, digest, isCurrent } of files) {
      if (output.closed) break;
      const time = new Date(written).toISOString();
      if (!output.people) await output.json({ path, digest, size, written: time, current: isCurrent });
      else {
        const use = isCurrent ? [] : ['other version'];
        await output.line(oneLine([digest ?? 'damaged', `${size} bytes`, time, path, ...use].join('  ')));
      }
    }
    if (output.people && files.length === 0) await output.line(`nothing is cached in ${oneLine(folder)}`);
    return 0;
  },
};
