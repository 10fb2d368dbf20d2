import { WasmcpError } from '../../error.ts';
import { createBatch } from '../batch.ts';
import type { Store } from '../store.ts';
import { type Compared, makeEqual } from './compare.ts';
import { clearPlace, isCopied, readPlace, writePlace } from './place.ts';
import type { CopySource, LiveSource } from './source.ts';

export type CopyStep = 'copy' | 'catch up' | 'compare';

/** Called at the start of each step and from time to time, with the number of entries that the step has processed. */
export type CopyProgress = (step: CopyStep, entries: number) => void;

export interface CopyOptions {
  /** Whether to mark a source that can be copied while servers use it as moved; true by default. */
  readonly move?: boolean;
  readonly progress?: CopyProgress;
}

/** If a pass has fewer changes than this, the next one is the last, during which no other program can write. */
const FEW = 1000;
/** Maximum number of passes: with writers that are faster than the copy it would not end. */
const MAX_PASSES = 10;
/** How often a source is compared to which no other program should be writing. */
const MAX_COMPARISONS = 3;

/**
 * Copies all entries into an empty store, in order of first insertion, or continues an interrupted copy. Returns once each
 * entry was compared. Versions and the times of writes are the target's.
 *
 * @throws WasmcpError `store-*`; the source then continues as before, and the same call continues the copy
 */
export async function copyStore(
  source: CopySource,
  target: Store,
  { move = true, progress = () => {} }: CopyOptions = {},
): Promise<Compared> {
  const since = await copyPages(source, target, progress);
  const compare = async (): Promise<Compared> => {
    progress('compare', 0);
    const compared = await makeEqual(source, target, await allBuckets(source, target), (keys) =>
      progress('compare', keys),
    );
    return compared;
  };
  const { live } = source;
  if (live === undefined) {
    const compared = await compareUntilEqual(source, compare);
    await clearPlace(target);
    return compared;
  }
  const last = await catchUp(live, target, since, progress);
  return live.hold(
    async () => {
      await copyChanges(live, target, last, progress);
      const compared = await compare();
      await clearPlace(target);
      return compared;
    },
    move ? target.url : undefined,
  );
}

/** Copies page by page, and returns the number of the last write that is certain to be in the copy. */
async function copyPages(source: CopySource, target: Store, progress: CopyProgress): Promise<bigint> {
  const place = await readPlace(target, source.identity);
  const version = place === undefined ? source.live?.version() : place.version;
  const start = { source: source.identity, version: version?.toString() };
  let copied = 0;
  const batch = createBatch(target, (entries) => {
    copied += entries;
    progress('copy', copied);
  });
  progress('copy', copied);
  await writePlace(target, place ?? { ...start, bucket: '', cursor: undefined });
  for (const bucket of [...(await source.buckets())].filter(isCopied).sort()) {
    if (place !== undefined && bucket < place.bucket) continue;
    let cursor = place?.bucket === bucket && place.cursor !== undefined ? BigInt(place.cursor) : undefined;
    do {
      const page = await source.page(bucket, cursor);
      for (const entry of page.entries) await batch.add(entry);
      await batch.flush();
      cursor = page.cursor;
      if (cursor !== undefined) await writePlace(target, { ...start, bucket, cursor: cursor.toString() });
    } while (cursor !== undefined);
  }
  return BigInt(version ?? 0);
}

/** Copies what was written meanwhile, until few changes remain. */
async function catchUp(
  live: LiveSource,
  target: Store,
  since: bigint,
  progress: CopyProgress,
): Promise<bigint> {
  let last = since;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const version = live.version();
    const changes = await copyChanges(live, target, last, progress);
    last = version;
    if (changes < FEW) break;
  }
  return last;
}

async function copyChanges(
  live: LiveSource,
  target: Store,
  since: bigint,
  progress: CopyProgress,
): Promise<number> {
  let changes = 0;
  const batch = createBatch(target, (entries) => {
    changes += entries;
    progress('catch up', changes);
  });
  progress('catch up', 0);
  for (const entry of live.changedSince(since)) if (isCopied(entry.bucket)) await batch.add(entry);
  await batch.flush();
  return changes;
}

async function compareUntilEqual(source: CopySource, compare: () => Promise<Compared>): Promise<Compared> {
  for (let n = 0; n < MAX_COMPARISONS; n++) {
    const compared = await compare();
    if (compared.repaired === 0) return compared;
  }
  throw new WasmcpError(
    'store-unusable',
    `${source.url} is changing while it is copied: stop its servers, then run the same command again, which continues`,
  );
}

async function allBuckets(source: CopySource, target: Store): Promise<string[]> {
  const names = new Set([...(await source.buckets()), ...(await target.buckets())].filter(isCopied));
  return [...names].sort();
}
