/**
 * The cost of operations as the store grows: medians in microseconds; in brackets the mean processor time, which includes
 * checkpoints.
 *
 *   npm run bench:growth -- [--sizes 1000,100000,1000000,10000000] [--times 2000] [--folder DIR] [--plot FILE.svg]
 *
 * In addition to those keys, the store has as many keys of live MCP sessions, ten for each. `session purge` deletes one session
 * that is over; `session look` is the check of a session that a purge keeps.
 *
 * The largest size takes 7 GB of disk. Set and delete do not wait for the disk (`process`): a sync costs the same in any store.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, type Store } from '../../host/index.ts';
import { purgeSessions } from '../../src/mcp/sessions/purge.ts';
import { deleteSession } from '../../src/mcp/sessions/sessions.ts';
import { encodeJson } from '../../src/mcp/sessions/typed-value.ts';
import { createRandom, type Random } from '../campaign/random.ts';
import { plot } from './plot.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,100000,1000000,10000000' },
    times: { type: 'string', default: '2000' },
    folder: { type: 'string', default: tmpdir() },
    plot: { type: 'string' },
  },
});

const BUCKET = 'default';
const VALUE: Uint8Array = new Uint8Array(200).fill(7);
const PAGE = 1000;
const SESSIONS = 'sessions';
const SESSION_KEYS = 10;
const SMALL: Uint8Array = new Uint8Array(20).fill(7);
/** Entries per transaction while the store is filled. */
const BATCH = 10_000;

interface Setting {
  readonly store: Store;
  /** Keys in the store: `key 0`, `key 1`, … */
  readonly size: number;
  readonly random: Random;
}

interface Operation {
  readonly name: string;
  /** The fraction of `--times` that this operation is repeated. */
  readonly share: number;
  /** The number of operations in one run; 1 by default. */
  pieces?(setting: Setting): number;
  /** Preparation, which is not measured. */
  prepare?(setting: Setting, n: number): Promise<void>;
  run(setting: Setting, n: number): unknown;
}

const anyKey = ({ random, size }: Setting): string => `key ${random.whole(0, size - 1)}`;

const OPERATIONS: readonly Operation[] = [
  { name: 'get', share: 1, run: (setting) => setting.store.get(BUCKET, anyKey(setting)) },
  { name: 'set', share: 1, run: (setting) => setting.store.set(BUCKET, anyKey(setting), VALUE) },
  {
    name: 'increment',
    share: 1,
    run: ({ store }, n) => store.increment(BUCKET, `n ${n % 50}`, 1n, { min: 0n, max: 10n ** 15n }),
  },
  {
    name: 'list page',
    share: 0.1,
    run: ({ store, random, size }) => store.list(BUCKET, BigInt(random.whole(0, size - PAGE))),
  },
  { name: 'delete', share: 0.025, run: ({ store }, n) => store.delete(BUCKET, `n ${n}`) },
  {
    name: 'session purge',
    share: 0.1,
    prepare: async ({ store, size }, n) => store.setMany(SESSIONS, sessionKeys(size + n, 1)),
    run: ({ store, size }, n) => deleteSession(store, SESSIONS, sessionId(size + n)),
  },
  {
    name: 'session look',
    share: 0,
    pieces: ({ size }) => size / SESSION_KEYS,
    run: ({ store }) => purgeSessions(store, { bucket: SESSIONS, now: 0, retention: 0 }),
  },
];

/** A random-looking id, the same for each number; it begins with a permutation of all 32-bit numbers. */
function sessionId(n: number): string {
  const head = (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
  return `${head}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** The entries that a wasmcp server writes for a session: metadata and nine values. */
function sessionKeys(n: number, expiresAt: number): (readonly [string, Uint8Array])[] {
  const id = sessionId(n);
  const meta = encodeJson({ terminated: false, created_at: 0, expires_at: expiresAt });
  const values = Array.from({ length: SESSION_KEYS - 1 }, (_, key) => [`${id}:value ${key}`, SMALL] as const);
  return [[`${id}:__meta__`, meta], ...values];
}

async function grow(store: Store, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += BATCH) {
    const length = Math.min(BATCH, to - start);
    await store.setMany(
      BUCKET,
      Array.from({ length }, (_, n) => [`key ${start + n}`, VALUE] as const),
    );
    const sessions = Array.from({ length: length / SESSION_KEYS }, (_, n) => start / SESSION_KEYS + n);
    await store.setMany(
      SESSIONS,
      sessions.flatMap((n) => sessionKeys(n, 4_000_000_000)),
    );
  }
}

/** Microseconds: the median of the elapsed time, and the mean of the processor time. */
async function cost(setting: Setting, operation: Operation): Promise<{ median: number; cpu: number }> {
  const { share, run, prepare = async () => {}, pieces = () => 1 } = operation;
  const count = Math.max(1, Math.floor(Number(values.times) * share));
  const per = pieces(setting);
  const spent: number[] = [];
  let cpu = 0;
  for (let n = 0; n < count; n++) {
    await prepare(setting, n);
    const before = process.cpuUsage();
    const started = performance.now();
    await run(setting, n);
    spent.push(((performance.now() - started) * 1000) / per);
    const { user, system } = process.cpuUsage(before);
    cpu += user + system;
  }
  return { median: spent.toSorted((a, b) => a - b)[Math.floor(count / 2)]!, cpu: cpu / count / per };
}

const folder = mkdtempSync(join(values.folder, 'wasmcp-node-growth-'));
const store = await openStore(`sqlite:${join(folder, 'store.db')}`, { durability: 'process' });
const sizes = values.sizes.split(',').map(Number);
const medians = OPERATIONS.map(({ name }) => ({ name, values: [] as number[] }));
const random = createRandom(1);
try {
  process.stdout.write(`${['keys', ...OPERATIONS.map(({ name }) => name)].join(' | ')}\n`);
  for (const [index, size] of sizes.entries()) {
    await grow(store, sizes[index - 1] ?? 0, size);
    const cells: string[] = [];
    for (const [n, operation] of OPERATIONS.entries()) {
      const { median, cpu } = await cost({ store, size, random }, operation);
      medians[n]!.values.push(median);
      cells.push(`${median.toFixed(0)} (${cpu.toFixed(0)})`);
    }
    process.stdout.write(`${[size, ...cells].join(' | ')}\n`);
  }
} finally {
  await store.close();
  rmSync(folder, { recursive: true });
}
if (values.plot !== undefined) {
  writeFileSync(values.plot, plot({ x: 'keys in the store', y: 'µs, median', at: sizes, lines: medians }));
}
