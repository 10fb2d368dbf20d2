/**
 * How computations affect quick requests on the same server, and how many computations complete:
 *
 *   npm run bench:computations -- [--workers 1] [--seconds 10] [--ms 20]
 *
 * Eight clients request computations of `--ms` milliseconds, two send quick requests; each sends one at a time. This process
 * generates the load, so on few cores it takes a share of them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
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

const seconds = Number(values.seconds);
const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-bench-'));
const server = await serveStore({
  component: 'misbehave',
  path: join(folder, 'store.db'),
  durability: 'process',
  workers: Number(values.workers),
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
  const quickAlone = await load(quick, 2, seconds);
  const longAlone = await load(long, 8, seconds);
  const [quickBeside, longBeside] = await Promise.all([load(quick, 2, seconds), load(long, 8, seconds)]);
  console.table({
    'quick alone': summary(quickAlone),
    'quick beside': summary(quickBeside),
    'computations alone': summary(longAlone),
    'computations beside': summary(longBeside),
  });
} finally {
  server.child.kill();
  await server.ended;
  rmSync(folder, { recursive: true, force: true });
}
