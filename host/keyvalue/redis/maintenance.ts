import { WasmcpError } from '../../error.ts';
import type { StoreAccess } from '../driver.ts';
import { type EngineMaintenance, MAINTENANCE_TIME } from '../network/maintenance.ts';
import type { BucketInfo } from '../store-maintenance.ts';
import { HEADER, type Place, SCHEMA } from './layout.ts';
import type { Reply, Word } from './link.ts';
import { type ConnectedRedis, connectRedis } from './open.ts';
import { createIdClock } from './partitions.ts';
import { createReads } from './reads.ts';
import { script } from './scripts.ts';

/** Keys that one step looks at. */
const STEP = 500;

/** Values up to this size are looked into. */
const SMALL = 65_536;

/**
 * Arguments: where to begin, in the order of names, and a number of keys. Returns the last key, and how many have no entry or a
 * damaged one, a version that is to come, and no id or one that is to come.
 */
const CHECK_STEP = script(
  `
local values, order, names, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local newest = tonumber(redis.call('HGET', meta, 'version') or 0)
local lastId = tonumber(redis.call('HGET', meta, 'id') or 0)
local keys = redis.call('ZRANGE', names, ARGV[1], '+', 'BYLEX', 'LIMIT', '0', ARGV[2])
local damaged, versions, ids = 0, 0, 0
for _, key in ipairs(keys) do
  local size = redis.call('HSTRLEN', values, key)
  if size < ${HEADER} then damaged = damaged + 1
  elseif size < ${SMALL} and (struct.unpack('>I8', redis.call('HGET', values, key))) > newest then versions = versions + 1 end
  local id = tonumber(redis.call('ZSCORE', order, key) or -1)
  if id < 0 or id > lastId then ids = ids + 1 end
end
return {keys[#keys] or false, damaged, versions, ids}`,
  'no-writes',
);

/** Returns the numbers of values, ids and names. */
const COUNT = script(
  `return {redis.call('HLEN', KEYS[1]), redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3])}`,
  'no-writes',
);

export function maintainRedis(url: string, access: StoreAccess): EngineMaintenance {
  /** Runs `work` on a store that must exist, without changing it. */
  async function reading<T>(work: (redis: ConnectedRedis) => Promise<T>): Promise<T> {
    const redis = await connectRedis(url, {
      ...access,
      create: false,
      acceptWeaker: true,
      durability: 'power',
    });
    try {
      return await work(redis);
    } finally {
      await redis.runner.close();
    }
  }

  return {
    info: () =>
      reading(async (redis) => {
        const buckets: BucketInfo[] = [];
        for (const name of (await bucketsOf(redis)).toSorted()) buckets.push(await describe(redis, name));
        const { durability, engine } = redis.guarantee;
        return {
          ...{ schema: SCHEMA, newestSchema: SCHEMA, buckets },
          engine: { url: redis.target.shown, durability, found: engine! },
        };
      }),
    check: () =>
      reading(async (redis) => {
        const deadline = performance.now() + MAINTENANCE_TIME;
        const problems: string[] = [];
        for (const name of await bucketsOf(redis)) {
          for (const place of redis.layout.placesOf(name)) {
            const found = await problemsOf(redis, place, deadline);
            problems.push(...found.map((problem) => `bucket ${JSON.stringify(name)}: ${problem}`));
          }
        }
        return problems;
      }),
  };
}

async function bucketsOf(redis: ConnectedRedis): Promise<string[]> {
  const { runner, layout, target, topology } = redis;
  const clock = createIdClock(layout.partitions);
  return createReads({
    ...{ runner, layout, clock, url: target.shown, isCluster: topology.isCluster, channel: '' },
  }).buckets();
}

/** The size is what the engine estimates that the entries take in memory. */
async function describe({ runner, layout }: ConnectedRedis, name: string): Promise<BucketInfo> {
  let [keys, valueSize] = [0, 0];
  for (const place of layout.placesOf(name)) {
    const [values] = place.keys;
    keys += Number(await runner.read(place, { words: ['HLEN', values] }));
    valueSize += Number((await runner.read(place, { words: ['MEMORY', 'USAGE', values] })) ?? 0);
  }
  return { name, keys, valueSize, isEstimate: true };
}

async function problemsOf({ runner }: ConnectedRedis, place: Place, deadline: number): Promise<string[]> {
  const read = (script: typeof COUNT, words: readonly Word[]): Promise<Reply> =>
    runner.read(place, { script, keys: place.keys, words });
  const [values, ids, names] = (await read(COUNT, [])) as [number, number, number];
  const totals = [0, 0, 0];
  let from: Word = '-';
  for (;;) {
    if (performance.now() > deadline) throw tooLarge();
    const [last, ...counts] = (await read(CHECK_STEP, [from, String(STEP)])) as [Buffer | null, ...number[]];
    if (last === null) break;
    for (const [n, count] of counts.entries()) totals[n]! += count;
    from = Buffer.concat([Buffer.from('('), last]);
  }
  const [damaged, versions, wrongIds] = totals;
  return [
    [
      values === ids && values === names ? 0 : 1,
      `${values} values, ${ids} ids and ${names} names should be as many`,
    ],
    [damaged, `${damaged} entries are missing or damaged`],
    [versions, `${versions} entries have a version that is to come`],
    [wrongIds, `${wrongIds} keys have no id, or one that is to come`],
  ].flatMap(([count, text]) => (Number(count) > 0 ? [String(text)] : []));
}

function tooLarge(): WasmcpError {
  return new WasmcpError(
    'store-busy',
    `the store could not be read within ${MAINTENANCE_TIME / 1000} s: use redis-check-aof, which has no limit`,
  );
}
