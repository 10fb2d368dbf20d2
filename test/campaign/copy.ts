import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { openStore } from '../../host/index.ts';
import { startWriters } from './copy-writers.ts';
import { serveStore } from './server.ts';

const PROGRAM: string = join(import.meta.dirname, '../../bin/wasmcp-node.js');

export interface CopyCampaignOptions {
  readonly keys: number;
  /** Clients that write and delete during the first leg. */
  readonly writers: number;
  /** For the files. */
  readonly folder: string;
  /** URLs of empty stores on the way, in order. */
  readonly through: readonly string[];
  readonly seed: number;
  readonly progress?: (line: string) => void;
}

/** One copy, which was killed in the middle and continued. */
export interface Leg {
  readonly to: string;
  /** How often it was killed: once, unless it was faster. */
  readonly kills: number;
  readonly seconds: number;
  /** The largest resident size of its process. */
  readonly mebibytes: number;
  readonly keys: number;
  readonly checksum: string;
}

export interface CopyCampaignReport {
  readonly legs: readonly Leg[];
  /** Writes and deletions that were acknowledged during the first leg. */
  readonly acknowledged: number;
  /** Between the last one and the end of the first leg, in which its server cannot write. */
  readonly secondsWithoutWrites: number;
  /** Of their keys, those that the last store has in another state. */
  readonly lost: number;
  /** Whether the first and the last file have the same entries, read without this program. */
  readonly areEqual: boolean;
}

/** Copies a file through other stores into another file. */
export async function copyCampaign(options: CopyCampaignOptions): Promise<CopyCampaignReport> {
  const { folder, through, progress = () => {} } = options;
  const [first, last] = [join(folder, 'first.db'), join(folder, 'last.db')];
  await fill(first, options.keys);
  progress(`${options.keys} keys written`);
  const stores = [`sqlite:${first}`, ...through, `sqlite:${last}`];
  const server = await serveStore({ path: first, durability: 'process' });
  const writers = startWriters(server, options);
  const legs: Leg[] = [];
  try {
    for (const [at, to] of stores.slice(1).entries()) {
      const leg = await copyKilled(stores[at]!, to, options.keys);
      legs.push(leg);
      progress(JSON.stringify(leg));
      // The server ends by itself, because its store was moved.
      if (at === 0) await Promise.all([server.ended, writers.ended]);
    }
  } finally {
    server.child.kill();
    await server.ended;
  }
  const lost = await writers.lost(last);
  const areEqual = contentOf(first) === contentOf(last);
  return { legs, ...writers.report(), lost, areEqual };
}

export function hasPassed({ legs, lost, areEqual }: CopyCampaignReport): boolean {
  return lost === 0 && areEqual && legs.every(({ checksum }) => checksum === legs[0]!.checksum);
}

const BATCH = 1000;

async function fill(path: string, keys: number): Promise<void> {
  const store = await openStore(`sqlite:${path}`, { durability: 'process' });
  for (let from = 0; from < keys; from += BATCH) {
    const entries = Array.from({ length: Math.min(BATCH, keys - from) }, (_, at): [string, Uint8Array] => [
      `key ${from + at}`,
      Buffer.from(`value ${from + at} `.padEnd(100, 'x')),
    ]);
    // A tenth is in a bucket of its own.
    await store.setMany((from / BATCH) % 10 === 9 ? 'other' : 'default', entries);
  }
  await store.close();
}

/** Starts the copy, kills it in the middle, and starts it again. */
async function copyKilled(from: string, to: string, keys: number): Promise<Leg> {
  const start = performance.now();
  const first = startCopy(from, to);
  const isHalf = (async () => {
    while (first.isRunning() && (await placeOf(to)) < keys / 3) await delay(20);
    first.kill();
  })();
  const killed = await first.ended;
  await isHalf;
  const kills = killed.status === 'SIGKILL' ? 1 : 0;
  const finished = kills === 0 ? killed : await startCopy(from, to).ended;
  const [, count, checksum] = /^(\d+) keys, checksum (\S+)\n$/.exec(finished.stdout) ?? [];
  if (finished.status !== 0 || checksum === undefined) {
    throw new Error(`copy to ${to}: status ${finished.status}: ${finished.stderr}`);
  }
  return {
    to: to.replace(/:.*/, ''),
    kills,
    seconds: Math.round((performance.now() - start) / 100) / 10,
    mebibytes: Math.max(killed.mebibytes, finished.mebibytes),
    keys: Number(count),
    checksum,
  };
}

interface Finished {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly mebibytes: number;
}

interface RunningCopy {
  isRunning(): boolean;
  kill(): void;
  readonly ended: Promise<Finished>;
}

function startCopy(from: string, to: string): RunningCopy {
  // A busy machine is not what is tested.
  const child = spawn(process.execPath, [PROGRAM, 'store', 'copy', '--store-timeout', '60s', from, to], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  let kibibytes = 0;
  const sampling = setInterval(() => {
    kibibytes = Math.max(kibibytes, residentPeak(child.pid!));
  }, 100);
  const ended = once(child, 'close').then(([status, signal]): Finished => {
    clearInterval(sampling);
    return {
      status: (status ?? signal) as number | string,
      ...text,
      mebibytes: Math.round(kibibytes / 1024),
    };
  });
  return {
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}

function residentPeak(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The number of the entry that a copy has reached in the first bucket, as it says in its target. */
async function placeOf(to: string): Promise<number> {
  try {
    const store = await openStore(to, { create: false });
    try {
      const value = await store.get('wasmcp-node:copy', 'place');
      const { cursor } = JSON.parse(Buffer.from(value ?? '{}').toString()) as { cursor?: string };
      return Number(cursor ?? 0);
    } finally {
      await store.close();
    }
  } catch {
    // It does not exist yet.
    return 0;
  }
}

/** A digest of all entries, by bucket and key. */
function contentOf(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  const hash = createHash('sha256');
  const rows = database.prepare('SELECT bucket, hex(key) AS key, hex(value) AS value FROM kv ORDER BY 1, 2');
  for (const row of rows.iterate()) hash.update(JSON.stringify([row.bucket, row.key, row.value]));
  database.close();
  return hash.digest('hex');
}
