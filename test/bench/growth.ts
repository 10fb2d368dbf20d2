/**
 * What an operation costs as the store grows: microseconds, medians.
 *
 *   npm run bench:growth -- [--sizes 1000,10000,100000,1000000] [--times 2000]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, type Store } from '../../host/index.ts';
import { createRandom } from '../campaign/random.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000,100000,1000000' },
    times: { type: 'string', default: '2000' },
  },
});

const BUCKET = 'default';
const VALUE = new Uint8Array(200).fill(7);
const times = Number(values.times);
const random = createRandom(1);

async function grow(store: Store, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += 10_000) {
    const length = Math.min(10_000, to - start);
    const entries = Array.from({ length }, (_, n) => [`key ${start + n}`, VALUE] as const);
    await store.setMany(BUCKET, entries);
  }
}

async function median(count: number, work: (n: number) => unknown): Promise<string> {
  const spent: number[] = [];
  for (let n = 0; n < count; n++) {
    const started = performance.now();
    await work(n);
    spent.push((performance.now() - started) * 1000);
  }
  return spent
    .toSorted((a, b) => a - b)
    [Math.floor(count / 2)]!.toFixed(0)
    .padStart(8);
}

const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-growth-'));
const store = await openStore(`sqlite:${join(folder, 'store.db')}`, { durability: 'process' });
let size = 0;
process.stdout.write('    keys     get     set  increment  list page  delete\n');
for (const next of values.sizes.split(',').map(Number)) {
  await grow(store, size, next);
  size = next;
  const any = (): string => `key ${random.whole(0, size - 1)}`;
  const middle = BigInt(Math.floor(size / 2));
  const row = [
    await median(times, () => store.get(BUCKET, any())),
    await median(times, () => store.set(BUCKET, any(), VALUE)),
    await median(times, (n) => store.increment(BUCKET, `n ${n % 50}`, 1n, { min: 0n, max: 10n ** 15n })),
    await median(100, () => store.list(BUCKET, middle)),
    await median(50, (n) => store.delete(BUCKET, `n ${n}`)),
  ];
  process.stdout.write(`${String(size).padStart(8)}${row.join('')}\n`);
}
await store.close();
rmSync(folder, { recursive: true });
