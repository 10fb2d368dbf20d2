import { buffer } from 'node:stream/consumers';
import { WasmcpError } from '../../../host/index.ts';
import { inTurn } from '../../mcp/edge/in-turn.ts';
import { editValue } from '../../mcp/sessions/edit-session.ts';
import { decodeTyped, type ValueType } from '../../mcp/sessions/typed-value.ts';
import { storedText, valueRecord } from '../../mcp/sessions/value-record.ts';
import type { SubCommand } from '../command.ts';
import { shellWord } from '../print.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { BUCKET, findSession, SESSION_ID, TURN_TIMEOUT, withStore } from './store.ts';

/** Writes one value of a session. */
export const set: SubCommand = {
  name: 'set',
  summary: 'write one value of a live session, between two of its requests',
  options: [...STORE_OPTIONS, 'bucket', 'type', 'timeout'],
  adjusted: { bucket: BUCKET, timeout: TURN_TIMEOUT },
  arguments: [
    SESSION_ID,
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

Without --type the value keeps its type; a new one is a string, and one of unknown type is refused. A guest that reads another type would fail, so another type is
refused: unset the value first. Servers may keep running: no update of a guest is lost.`,

  async run(options, { stdin, stderr }, id, key, value?: string) {
    const given = value ?? (await buffer(stdin));
    const { type } = options;
    const session = await withStore(options, async (store, buckets) => {
      const session = await findSession(store, buckets, id);
      await inTurn(store, session, options.timeout, (fence) =>
        editValue(
          store,
          { bucket: session.bucket, session: session.id, key },
          (current) => {
            const known = typeFor(type, current, { id: session.id, key });
            return typeof given === 'string' ? storedText(known, given) : storedInput(known, given);
          },
          fence,
        ),
      );
      return session;
    });
    stderr.write(`Stored in session ${session.id}\n`);
    return 0;
  },
};

/** @throws WasmcpError `value-refused` */
function typeFor(
  given: ValueType | undefined,
  current: Uint8Array | undefined,
  { id, key }: { readonly id: string; readonly key: string },
): ValueType {
  if (current === undefined) return given ?? 'string';
  const present = decodeTyped(current)?.type;
  if (given === undefined && (present === undefined || valueRecord(current).type === 'unknown')) {
    throw new WasmcpError(
      'value-refused',
      `the present value of "${key}" is of unknown type: give the type of the new one with --type`,
    );
  }
  if (given !== undefined && present !== undefined && given !== present) {
    throw new WasmcpError(
      'value-refused',
      `"${key}" is of type ${present}, and a guest that reads it would fail on ${given}: to change its type, first run wasmcp-node sessions unset ${id} ${shellWord(key)}`,
    );
  }
  return given ?? present!;
}

function storedInput(type: ValueType, bytes: Buffer): Uint8Array {
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
