import { buffer } from 'node:stream/consumers';
import { WasmcpError } from '../../../host/index.ts';
import { editValue } from '../../mcp/sessions/edit-session.ts';
import { decodeTyped } from '../../mcp/sessions/typed-value.ts';
import { storedText } from '../../mcp/sessions/value-record.ts';
import type { SubCommand } from '../command.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { BUCKET, findSession, inTurn, TURN_TIMEOUT, withStore } from './store.ts';

/** Writes one value of a session. */
export const set: SubCommand = {
  name: 'set',
  summary: 'write one value of a live session, between two of its requests',
  options: [...STORE_OPTIONS, 'bucket', 'type', 'timeout'],
  adjusted: { bucket: BUCKET, timeout: TURN_TIMEOUT },
  arguments: [
    { name: 'id', description: "the session's id" },
    { name: 'key', description: 'the key of the value' },
    {
      name: 'value',
      description: 'the value as text, bytes as base64; default: standard input, bytes as they are',
      optional: true,
    },
  ],
  examples: `
Examples:
  wasmcp-node sessions set 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d counter 7
  wasmcp-node sessions set 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d cart '["apple"]' --type json
  wasmcp-node sessions set 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d balance --type s64 -- -3

Without --type the value keeps its type; a new one is a string. A guest that reads another type would fail, so another type is
refused: unset the value first. Servers may keep running: no update of a guest is lost.`,

  async run(options, { stdin, stderr }, id, key, value?: string) {
    const given = value ?? (await buffer(stdin));
    const { type } = options;
    await withStore(options, async (store, buckets) => {
      const session = await findSession(store, buckets, id);
      await inTurn(store, session, options.timeout, (fence) =>
        editValue(
          store,
          { bucket: session.bucket, session: id, key },
          (current) => {
            const known = type ?? (current && decodeTyped(current)?.type) ?? 'string';
            return typeof given === 'string' ? storedText(known, given) : storedInput(known, given);
          },
          fence,
        ),
      );
    });
    stderr.write(`Stored in session ${id}\n`);
    return 0;
  },
};

function storedInput(type: Parameters<typeof storedText>[0], bytes: Buffer): Uint8Array {
  if (type === 'bytes') return storedText(type, bytes.toString('base64'));
  try {
    return storedText(type, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    if (error instanceof WasmcpError) throw error;
    throw new WasmcpError('value-refused', `standard input is not UTF-8, which ${type} needs`, {
      cause: error,
    });
  }
}
