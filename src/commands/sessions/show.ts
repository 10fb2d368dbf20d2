import { decodeTyped } from '../../mcp/sessions/typed-value.ts';
import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { oneLine } from '../print.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { dataOf, recordOf, wholeRecord } from './record.ts';
import { BUCKET, findSession, SESSION_ID, withStore } from './store.ts';

/** Maximum number of characters of a value that are shown. */
const SHOWN = 100;

/** Shows one session of a store. */
export const show: SubCommand = {
  name: 'show',
  summary: 'show one session with its values',
  options: [...STORE_OPTIONS, 'bucket', 'json'],
  adjusted: { bucket: BUCKET },
  arguments: [SESSION_ID],
  examples: `
Examples:
  wasmcp-node sessions show 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d

On a terminal long values are truncated; elsewhere, and with --json, the whole session is one line of JSON.`,

  async run(options, { stdout }, id) {
    const output = outputTo(stdout, options);
    await withStore(options, async (store, buckets) => {
      const session = await findSession(store, buckets, id);
      if (!output.people) return output.json(await wholeRecord(store, session));
      for (const [name, value] of Object.entries(recordOf(session))) {
        await output.line(`${name.padEnd(8)} ${oneLine(String(value))}`);
      }
      for await (const [key, stored] of dataOf(store, session)) {
        if (key !== '__meta__') await output.line(`${oneLine(key)} = ${shown(stored)}`);
      }
    });
    return 0;
  },
};

function shown(stored: Uint8Array): string {
  const decoded = decodeTyped(stored);
  const value = decoded === undefined ? stored : decoded.value;
  const text = value instanceof Uint8Array ? JSON.stringify(Buffer.from(value).toString()) : String(value);
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return `${decoded?.type ?? 'unknown'} ${oneLine(cut)}`;
}
