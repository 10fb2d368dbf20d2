import { entriesFrom, type Store } from '../../../host/index.ts';
import { createPrincipalRecords, PRINCIPALS, principalOfKey } from '../modern/state/principal-records.ts';
import { metadataKey } from './layout.ts';

/** As for sessions, see `PurgeRule`. */
interface Rule {
  readonly bucket: string;
  readonly now: number;
  readonly retention: number;
}

/** Records that are looked at at once. */
const PAGE = 1000;

/**
 * Deletes the records of principals whose sessions have all been purged, once they have not changed for as long as sessions are
 * kept. A principal that comes back gets a new session then, with or without its record.
 *
 * @throws WasmcpError `store-*`
 */
export async function purgePrincipals(
  store: Store,
  { bucket, now, retention }: Rule,
  proceed: () => Promise<boolean> | boolean,
): Promise<void> {
  const records = createPrincipalRecords(store, bucket);
  let from = '';
  for (;;) {
    const entries = await entriesFrom(store, PRINCIPALS, from, PAGE);
    for (const { key, updated } of entries) {
      const owner = principalOfKey(key, bucket);
      if (owner === undefined || now - updated < retention) continue;
      const { record, version } = await records.read(owner);
      const sessions = record.session === undefined ? record.handles : [...record.handles, record.session];
      const kept = await store.getMany(bucket, sessions.map(metadataKey));
      const isGone = kept.every((metadata) => metadata === undefined);
      // Only a record that is still the same.
      if (isGone && (await records.write(owner, version, { session: undefined, handles: [] }))) {
        await store.delete(PRINCIPALS, key);
      }
      if (!(await proceed())) return;
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < PAGE) return;
    from = `${last.key}\0`;
  }
}
