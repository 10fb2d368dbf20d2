import { createReadStream } from 'node:fs';
import { type Batch, checked, createBatch, type Store, WasmcpError } from '../../../host/index.ts';
import { parseJson } from '../../mcp/json.ts';
import { isSessionId, metadataKey } from '../../mcp/sessions/layout.ts';
import { readMetadata } from '../../mcp/sessions/metadata.ts';
import { storedValue } from '../../mcp/sessions/value-record.ts';
import type { SubCommand } from '../command.ts';
import { linesOf } from '../kv/lines.ts';
import { progressLine } from '../progress.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { withStore } from './store.ts';

/** Writes sessions that `export` printed. */
export const importSessions: SubCommand = {
  name: 'import',
  summary: 'write the sessions that sessions export printed, except those that exist',
  options: [...STORE_OPTIONS, 'maxValue'],
  arguments: [{ name: 'file', description: 'lines of JSON; default: standard input', optional: true }],
  examples: `
Examples:
  wasmcp-node sessions import sessions.jsonl

Sessions that the store has already are left alone, so importing a file again does no harm. A line that is not a session ends
the import; the message names the line, and the sessions before it have been written. Servers may keep running.`,

  async run(options, { stdin, stderr }, file?: string) {
    const source = file === undefined ? stdin : createReadStream(file);
    const name = file ?? 'standard input';
    const progress = progressLine(stderr);
    const done = { imported: 0, left: 0 };
    try {
      await withStore(
        options,
        async (store) => {
          const batch = createBatch(checked(store, { maxValue: options.maxValue }));
          try {
            let number = 0;
            for await (const line of linesOf(source, name)) {
              number += 1;
              if (line.trim() === '') continue;
              const session = parsedSession(line, `${name}, line ${number}`);
              if (await addUnlessThere(store, batch, session)) done.imported += 1;
              else done.left += 1;
              progress.show(`Imported ${done.imported} sessions`);
            }
          } finally {
            await batch.flush();
          }
        },
        { create: true },
      );
    } catch (error) {
      if (!(error instanceof WasmcpError)) throw error;
      const imported = `${done.imported} sessions were imported`;
      throw new WasmcpError(error.code, `${error.message} (${imported})`, { cause: error });
    } finally {
      progress.clear();
    }
    const left = done.left === 0 ? '' : `; ${done.left} exist already and were left alone`;
    stderr.write(`Imported ${done.imported} sessions${left}\n`);
    return 0;
  },
};

interface ParsedSession {
  readonly id: string;
  readonly bucket: string;
  readonly values: ReadonlyMap<string, Uint8Array>;
}

async function addUnlessThere(
  store: Store,
  batch: Batch,
  { id, bucket, values }: ParsedSession,
): Promise<boolean> {
  const metadata = metadataKey(id);
  if (await store.exists(bucket, metadata)) return false;
  // The metadata last: without it there is no session, so an interrupted import begins again with this one.
  const entries = [...values].sort(([a], [b]) => Number(a === '__meta__') - Number(b === '__meta__'));
  for (const [key, value] of entries) await batch.add({ bucket, key: `${id}:${key}`, value });
  return true;
}

/** @throws WasmcpError `option-invalid`, which names the place */
function parsedSession(line: string, place: string): ParsedSession {
  const { id, bucket, data } = parsedObject(line, place);
  if (typeof id !== 'string' || !isSessionId(id)) throw invalid(place, '"id" is not the id of a session');
  if (typeof bucket !== 'string') throw invalid(place, '"bucket" must be a string');
  if (typeof data !== 'object' || data === null) throw invalid(place, '"data" must be an object');
  const values = new Map<string, Uint8Array>();
  for (const [key, record] of Object.entries(data)) {
    try {
      values.set(key, storedValue(record, true));
    } catch (error) {
      if (!(error instanceof WasmcpError)) throw error;
      throw invalid(place, `${JSON.stringify(key)}: ${error.message}`);
    }
  }
  const metadata = values.get('__meta__');
  if (metadata === undefined || readMetadata(metadata) === undefined) {
    throw invalid(place, 'its "__meta__" is not the metadata of a session');
  }
  return { id, bucket, values };
}

function parsedObject(line: string, place: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parseJson(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw invalid(place, `not JSON: ${(cause as Error).message}`);
  }
  throw invalid(place, 'not an object');
}

function invalid(place: string, reason: string): WasmcpError {
  return new WasmcpError(
    'option-invalid',
    `${place}: ${reason}; expected a line as sessions export prints it`,
  );
}
