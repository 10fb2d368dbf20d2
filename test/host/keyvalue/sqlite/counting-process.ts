import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';

interface Order {
  readonly path: string;
  readonly times: number;
  /** Whether the store stays open. */
  readonly keep?: boolean;
  /** When to begin, so that several processes do so at the same moment. */
  readonly at?: number;
}

/** A process that counts: for each message it opens the store, increments, closes, and reports errors. */
process.on('message', async ({ path, times, keep = false, at = 0 }: Order) => {
  while (Date.now() < at);
  try {
    const store = openSqlite(path);
    for (let n = 0; n < times; n++) {
      await store.increment('b', 'n', 1n, { min: 0n, max: 2n ** 64n - 1n });
    }
    if (!keep) await store.close();
    process.send?.('done');
  } catch (error) {
    process.send?.(String(error));
  }
});
