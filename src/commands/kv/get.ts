import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { oneLine, print } from '../print.ts';
import { entryRecord } from './entry.ts';
import { BUCKET, KEY, KV_OPTIONS, refuseInternal, withStore } from './store.ts';

/** Prints one value. */
export const get: SubCommand = {
  name: 'get',
  summary: 'print the value of a key',
  options: [...KV_OPTIONS, 'json'],
  adjusted: { json: { description: 'print the entry as a line of JSON' } },
  arguments: [BUCKET, KEY],
  examples: `
Examples:
  wasmcp-node kv get default greeting
  wasmcp-node kv get default logo > logo.png

The bytes of the value and nothing else; on a terminal, with control characters shown as \\x... Exit status 1 if the key is
missing.`,

  async run(options, { stdout, stderr }, bucket, key) {
    refuseInternal(bucket, options);
    const output = outputTo(stdout, options);
    const value = await withStore(options, async (store) => store.get(bucket, key));
    if (value === undefined) {
      stderr.write(`${oneLine(`no key "${key}" in bucket "${bucket}" of ${options.store}`)}\n`);
      return 1;
    }
    if (options.json) await output.json(entryRecord({ bucket, key, value }));
    else if (output.people) await output.line(oneLine(new TextDecoder().decode(value)));
    else await print(stdout, value);
    return 0;
  },
};
