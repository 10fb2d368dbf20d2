/**
 * What quick requests notice of honest computations beside them, and what these get:
 *
 *   npm run bench:computations -- [--workers 1] [--seconds 10] [--ms 20]
 *
 * Eight clients ask for computations of `--ms` milliseconds each, two for something quick, each of them for one at a time. The
 * load comes from this process: on few cores it needs a share of them too.
 *
 * By the rule, computations beside quick requests have what these leave of each worker, what serving them costs included; those
 * from 50 ms on leave them one worker of several. Time in which a worker waits for a processor is nobody's.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveStore } from '../campaign/server.ts';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    ms: { type: 'string', default: '20' },
  },
});

/** Milliseconds until the response is complete. */
function ask(url: string, agent: Agent): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`));
      response.on('end', () => resolve(performance.now() - began));
    }).on('error', reject);
  });
}

/** Durations of requests by this many clients during this many seconds. */
async function load(url: string, clients: number, seconds: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) times.push(await ask(url, agent));
    }),
  );
  agent.destroy();
  return times;
}

function summary(times: readonly number[]): Record<string, number> {
  const sorted = [...times].sort((a, b) => a - b);
  const part = (share: number): number => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2));
  return {
    'per second': Math.round(times.length / seconds),
    'p50 ms': part(0.5),
    'p99 ms': part(0.99),
    'max ms': part(1 - 1e-9),
  };
}

/** Milliseconds for which workers had a processor, and for which they waited for one. */
interface Usage {
  readonly ran: number;
  readonly waited: number;
}

function usageOf(pid: number): Usage {
  const times = globSync(`/proc/${pid}/task/*`)
    .filter((task) => readFileSync(`${task}/comm`, 'utf8') === 'WorkerThread\n')
    .map((task) => readFileSync(`${task}/schedstat`, 'utf8').split(' ').map(Number));
  const sum = (at: number): number => times.reduce((total, each) => total + each[at]! / 1e6, 0);
  return { ran: sum(0), waited: sum(1) };
}

/** What the workers used meanwhile. */
async function measured<T>(work: () => Promise<T>): Promise<{ readonly times: T; readonly used: Usage }> {
  const before = usageOf(server.child.pid!);
  const times = await work();
  const { ran, waited } = usageOf(server.child.pid!);
  return { times, used: { ran: ran - before.ran, waited: waited - before.waited } };
}

const seconds = Number(values.seconds);
const workers = Number(values.workers);
const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-bench-'));
const server = await serveStore({
  component: 'misbehave',
  path: join(folder, 'store.db'),
  durability: 'process',
  workers,
});
try {
  const quick = `${server.url}/ok`;
  await load(quick, 2, 2);
  await load(`${server.url}/compute?rounds=10000`, 2, 2);
  const some = await load(`${server.url}/compute?rounds=100000`, 1, 2);
  const typical = some.sort((a, b) => a - b)[some.length >> 1]!;
  const rounds = Math.round((100_000 * Number(values.ms)) / typical);
  const long = `${server.url}/compute?rounds=${rounds}`;
  console.log(
    `node ${process.version}; ${cpus()[0]!.model}, ${availableParallelism()} cores; ${rounds} rounds`,
  );
  const quickAlone = await measured(() => load(quick, 2, seconds));
  const longAlone = await measured(() => load(long, 8, seconds));
  const beside = await measured(() => Promise.all([load(quick, 2, seconds), load(long, 8, seconds)]));
  const [quickBeside, longBeside] = beside.times;
  console.table({
    'quick alone': summary(quickAlone.times),
    'quick beside': summary(quickBeside),
    'computations alone': summary(longAlone.times),
    'computations beside': summary(longBeside),
  });
  const places = Number(values.ms) < 50 ? workers : Math.max(1, workers - 1);
  const ofQuick = (quickAlone.used.ran / quickAlone.times.length) * quickBeside.length;
  const theirs = (places / workers) * (workers * seconds * 1000 - ofQuick - beside.used.waited);
  const used = beside.used.ran - ofQuick;
  const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;
  console.log(
    `computations beside: ${Math.round(used)} ms of processor time, ${percent(used, theirs)} of their ${Math.round(theirs)} ms`,
  );
  const { ran, waited } = longAlone.used;
  console.log(
    `computations alone: ${percent(ran, seconds * 1000)} of a processor, and ${percent(waited, seconds * 1000)} waited for`,
  );
} finally {
  server.child.kill();
  await server.ended;
  rmSync(folder, { recursive: true, force: true });
}
