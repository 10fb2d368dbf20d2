import { WasmcpError } from '../../../host/index.ts';
import { recordEntryEdit } from '../../mcp/sessions/edits.ts';
import type { SubCommand } from '../command.ts';
import { BUCKET, KEY, KV_OPTIONS, refuseInternal, refuseSession, WRITING, withStore } from './store.ts';

/** What either draft of `wasi:keyvalue/atomics` can hold: `s64` of one, `u64` of the other. */
const BOUNDS = { min: -(2n ** 63n), max: 2n ** 64n - 1n };

/** Adds to a counter. */
export const increment: SubCommand = {
  name: 'increment',
  summary: 'add to a counter, which starts at 0, and print its new value',
  options: KV_OPTIONS,
  adjusted: WRITING,
  arguments: [BUCKET, KEY, { name: 'delta', description: 'what to add; default: 1', optional: true }],
  examples: `
Examples:
  wasmcp-node kv increment default visits
  wasmcp-node kv increment default stock -- -3

Atomic, as the increments of guests are. A key of a session that exists is refused without --internal: its values have types, which
sessions set keeps.`,

  async run(options, { stdout }, bucket, key, delta = '1') {
    refuseInternal(bucket, options);
    const sum = await withStore(options, async (store) => {
      await refuseSession(store, { bucket, key }, options);
      return recordEntryEdit(store, bucket, key, () => store.increment(bucket, key, parsed(delta), BOUNDS));
    });
    stdout.write(`${sum}\n`);
    return 0;
  },
};

function parsed(delta: string): bigint {
  if (/^[-+]?\d{1,20}$/.test(delta)) return BigInt(delta);
  throw new WasmcpError('option-invalid', `"${delta}" is not a whole number of at most 20 digits`);
}
