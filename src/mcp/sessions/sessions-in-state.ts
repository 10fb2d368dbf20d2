import type { Store } from '../../../host/index.ts';
import { firstAfter } from './layout.ts';
import type { SessionState } from './metadata.ts';
import { createPause } from './pauses.ts';
import { sessionsThatMatch } from './session-search.ts';
import { type SessionSummary, sessionSummaries, sessionSummary } from './session-summary.ts';

/** Sessions that are looked at, and how many of them at most are in a state that is then searched for. */
const LOOKED_AT = 20_000;
const FEW = 1000;

/** The sessions of a bucket in a state, ordered by id. The first ones come soon if many are, and all of them if few are. */
export async function* sessionsInState(
  store: Store,
  bucket: string,
  state: SessionState['name'],
): AsyncGenerator<SessionSummary> {
  const now = Date.now();
  let looked = 0;
  let found = 0;
  let last: string | undefined;
  for await (const { size, summary } of sessionSummaries(store, bucket, now)) {
    if (looked === LOOKED_AT && found <= FEW) break;
    looked += 1;
    last = size.id;
    if (summary?.state.name !== state) continue;
    found += 1;
    yield summary;
  }
  if (last === undefined || looked !== LOOKED_AT || found > FEW) return;
  const wanted = await sessionsThatMatch(store, bucket, { state }, { now, pause: createPause() });
  if (wanted === undefined) {
    for await (const { summary } of sessionSummaries(store, bucket, now, firstAfter(last)))
      if (summary?.state.name === state) yield summary;
    return;
  }
  for (const id of wanted.ids().toSorted()) {
    const summary = id > last ? await sessionSummary(store, bucket, id, now) : undefined;
    if (summary?.state.name === state) yield summary;
  }
}
