import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../host/index.ts';
import { fillWithSessions } from '../../bench/session-store.ts';
import { administer } from '../../support/administered.ts';

/** Fewer than the connections that the address takes. */
const SEARCHES = 30;
const MIX = { sessions: 8000, expired: 0, subjects: 10 };

/** A list that reads every session, as no search of a store tells capital letters of other alphabets. */
const SEARCH = 'sessions?search=%C3%A9&sort=size';

async function filledStores(): Promise<
  readonly [thread: string, local: Awaited<ReturnType<typeof openStore>>]
> {
  const folder = mkdtempSync(join(tmpdir(), 'searches-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const url = `sqlite:${join(folder, 'store.db')}`;
  const file = await openStore(url, { durability: 'process' });
  await fillWithSessions(file, MIX);
  await file.close();
  const local = await openStore('memory:');
  onTestFinished(() => local.close());
  await fillWithSessions(local, MIX);
  return [url, local];
}

test('a search whose client has left ends soon, in a thread of its own and beside the server', async () => {
  for (const store of await filledStores()) {
    const { call, admin } = await administer({ store });
    const search = async (): Promise<number> => {
      const began = performance.now();
      expect((await call(SEARCH)).body.sessions).toHaveLength(0);
      return performance.now() - began;
    };
    // The first one starts the thread.
    await search();
    const alone = Math.min(await search(), await search(), await search());
    const leaving = new AbortController();
    const abandoned = Array.from({ length: SEARCHES }, () =>
      fetch(`${admin.url}api/v1/${SEARCH}`, { signal: leaving.signal }),
    );
    // Responds after all of them have been received.
    expect((await call('buckets')).status).toBe(200);
    leaving.abort();
    const settled = await Promise.allSettled(abandoned);
    expect(settled.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(SEARCHES / 2);
    // Beside all the others it would take as long as they do together.
    expect(await search()).toBeLessThan((SEARCHES / 4) * alone);
  }
});
