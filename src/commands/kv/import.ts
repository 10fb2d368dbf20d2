import { createReadStream } from 'node:fs';
import { createBatch, type Entry, WasmcpError } from '../../../host/index.ts';
import type { OptionValues } from '../../options/types.ts';
import type { CliStreams, SubCommand } from '../command.ts';
import { progressLine } from '../progress.ts';
import { parseEntry } from './entry.ts';
import { guardedSessions } from './guarded-sessions.ts';
import { linesOf } from './lines.ts';
import { KV_OPTIONS, refuseInternal, WRITING, withStore } from './store.ts';

/** Writes entries that `export` printed. */
export const importEntries: SubCommand = {
  name: 'import',
  summary: 'write the entries that kv export printed, and overwrite existing ones',
  options: [...KV_OPTIONS, 'maxValue'],
  adjusted: WRITING,
  arguments: [{ name: 'file', description: 'lines of JSON; default: standard input', optional: true }],
  examples: `
Examples:
  wasmcp-node kv import store.jsonl
  wasmcp-node kv export --store sqlite:old.db | wasmcp-node kv import --store postgres://app@db/app

A line that is not an entry ends the import; the message names the line, and those before it have been written. Importing a
file again does no harm. A line that would change a session that existed before the import ends it too, without --internal: its
values have types, which sessions import keeps.`,

  async run(options, { stdin, stderr }, file?: string) {
    const source = file === undefined ? stdin : createReadStream(file);
    const name = file ?? 'standard input';
    const imported = await importFrom(linesOf(source, name), name, options, stderr);
    stderr.write(`Imported ${imported} entries\n`);
    return 0;
  },
};

async function importFrom(
  lines: AsyncIterable<string>,
  name: string,
  options: OptionValues,
  stderr: CliStreams['stderr'],
): Promise<number> {
  const progress = progressLine(stderr);
  let imported = 0;
  try {
    await withStore(
      options,
      async (store) => {
        const batch = createBatch(store, (entries) => {
          imported += entries;
          progress.show(`Imported ${imported} entries`);
        });
        const refuseChanged = guardedSessions(store, options);
        try {
          for await (const entry of entriesOf(lines, name)) {
            refuseInternal(entry.bucket, options);
            await refuseChanged(entry);
            await batch.add(entry);
          }
        } finally {
          await batch.flush();
        }
      },
      { create: true },
    );
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    throw new WasmcpError(error.code, `${error.message} (${imported} entries were imported)`, {
      cause: error,
    });
  } finally {
    progress.clear();
  }
  return imported;
}

async function* entriesOf(lines: AsyncIterable<string>, name: string): AsyncGenerator<Entry> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() !== '') yield parseEntry(line, `${name}, line ${number}`);
  }
}
