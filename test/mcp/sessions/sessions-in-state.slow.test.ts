import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../../src/index.ts';
import { sessionsInState } from '../../../src/mcp/sessions/sessions-in-state.ts';
import { fillWithSessions, sessionId } from '../../bench/session-store.ts';
import { collect } from './stored.ts';

async function idsInState(store: Store, state: 'live' | 'ended' | 'expired'): Promise<string[]> {
  return (await collect(sessionsInState(store, 'default', state))).map(({ id }) => id);
}

test('sessions in a state that few or many have are found once each, ordered by id', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  // More than are looked at before a search.
  const [sessions, expired] = [24_000, 500];
  await fillWithSessions(store, { sessions, expired, subjects: 10 });
  const ids = Array.from({ length: sessions }, (_, n) => sessionId(n));
  const { valuesWithEnding, ...plain } = store;
  for (const searched of [store, plain]) {
    expect(await idsInState(searched, 'expired')).toEqual(ids.slice(0, expired).toSorted());
    expect(await idsInState(searched, 'ended')).toEqual([]);
    expect(await idsInState(searched, 'live')).toEqual(ids.slice(expired).toSorted());
  }
}, 120_000);
