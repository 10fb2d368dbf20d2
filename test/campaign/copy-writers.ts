import { openStore } from '../../host/index.ts';
import type { CopyCampaignOptions, CopyCampaignReport } from './copy.ts';
import { createRandom, type Random } from './random.ts';
import type { ServedStore } from './server.ts';

export interface Writers {
  /** Settles once the server accepts no more writes. */
  readonly ended: Promise<unknown>;
  report(): Pick<CopyCampaignReport, 'acknowledged' | 'secondsWithoutWrites'>;
  /** How many keys have another state in the file than was acknowledged. */
  lost(path: string): Promise<number>;
}

/** What a key may be: what was acknowledged last, or what was tried since without a response. */
type States = Set<string | undefined>;

export function startWriters({ url }: ServedStore, { writers, keys, seed }: CopyCampaignOptions): Writers {
  const expected = new Map<string, States>();
  let acknowledged = 0;
  let last = performance.now();
  let end = last;

  async function write(random: Random, writer: number): Promise<boolean> {
    // Each key is one writer's: otherwise their order would be unknown.
    const key = `key ${random.whole(0, Math.floor(keys / writers)) * writers + writer}`;
    const value = random.next() < 0.3 ? undefined : `written ${random.whole(0, 1e9)}`;
    const path = `${value === undefined ? '/delete' : '/set'}?key=${encodeURIComponent(key)}`;
    const response = await fetch(url + path, { method: 'POST', body: value ?? '' }).catch(() => undefined);
    const body = await response?.text().catch(() => undefined);
    if (response?.status === 200) {
      acknowledged++;
      last = performance.now();
      expected.set(key, new Set([value]));
      return true;
    }
    const states = expected.get(key);
    if (states === undefined) expected.delete(key);
    else states.add(value);
    // During the last comparison nothing can be written.
    return /busy/.test(body ?? '');
  }

  async function run(writer: number): Promise<void> {
    const random = createRandom(seed + writer);
    while (await write(random, writer));
  }

  return {
    ended: Promise.all(Array.from({ length: writers }, (_, writer) => run(writer))).then(() => {
      end = performance.now();
    }),
    report: () => ({ acknowledged, secondsWithoutWrites: Math.round((end - last) / 100) / 10 }),
    async lost(path) {
      const store = await openStore(`sqlite:${path}`);
      let lost = 0;
      for (const [key, states] of expected) {
        const value = await store.get('default', key);
        if (!states.has(value && Buffer.from(value).toString())) lost++;
      }
      await store.close();
      return lost;
    },
  };
}
