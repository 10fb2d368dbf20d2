/**
 * How guests that loop forever affect good requests, and ten guests that sleep, with two workers:
 *
 *   npm run bench:loops -- [--loops 6] [--limit 30] [--clients 4] [--pause 5]
 *
 * The clients send one request at a time with `--pause` milliseconds in between: first without loops, then beside the loops until
 * the last of these has ended at the `--limit` (in seconds), for the same time each. This process generates the load, so on few
 * cores it takes a share of them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serveStore } from '../campaign/server.ts';

const { values } = parseArgs({
  options: {
    loops: { type: 'string', default: '6' },
    limit: { type: 'string', default: '30' },
    clients: { type: 'string', default: '4' },
    pause: { type: 'string', default: '5' },
  },
});
const limit = Number(values.limit) * 1000;

interface Answer {
  readonly status: number;
  readonly milliseconds: number;
}

function ask(url: string, agent: Agent): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({ status: response.statusCode!, milliseconds: performance.now() - began }),
      );
    }).on('error', reject);
  });
}

/** Sends good requests until `until` settles. */
async function load(url: string, until: Promise<unknown>): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true });
  const answers: Answer[] = [];
  let over = false;
  void until.finally(() => {
    over = true;
  });
  await Promise.all(
    Array.from({ length: Number(values.clients) }, async () => {
      while (!over) {
        answers.push(await ask(`${url}/ok`, agent));
        await pause(Number(values.pause));
      }
    }),
  );
  agent.destroy();
  return answers;
}

function summary(answers: readonly Answer[]): Record<string, number> {
  const sorted = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const part = (share: number): number => Number(sorted[Math.floor(sorted.length * share)]!.toFixed(2));
  return {
    requests: answers.length,
    'not 200': answers.filter(({ status }) => status !== 200).length,
    'p50 ms': part(0.5),
    'p99 ms': part(0.99),
    'p99.9 ms': part(0.999),
    'max ms': part(1 - 1e-9),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-bench-'));
const server = await serveStore({
  component: 'misbehave',
  path: join(folder, 'store.db'),
  durability: 'process',
  workers: 2,
  env: { WASMCP_NODE_TIMEOUT: `${limit}ms` },
});
try {
  const { url } = server;
  await load(url, pause(3000));
  const alone = await load(url, pause(limit));
  const agent = new Agent({ keepAlive: true });
  const naps = Promise.all(
    Array.from({ length: 10 }, () => ask(`${url}/nap?ms=${Math.max(0, limit - 1000)}`, agent)),
  );
  await pause(200);
  const loops = Promise.all(Array.from({ length: Number(values.loops) }, () => ask(`${url}/spin`, agent)));
  const first = await load(url, pause(1000));
  const beside = [...first, ...(await load(url, loops))];
  const after = await load(url, pause(3000));
  agent.destroy();
  console.log(`node ${process.version}; ${cpus()[0]!.model}, ${availableParallelism()} cores`);
  console.table({
    alone: summary(alone),
    'beside the loops': summary(beside),
    'their first second': summary(first),
    after: summary(after),
  });
  const late = (await loops).map(({ milliseconds }) => Math.round(milliseconds - limit));
  const statuses = (await loops).map(({ status }) => status);
  console.log(`loops: status ${statuses.join(' ')}; ${late.join(' ')} ms after the limit`);
  console.log(`naps: status ${(await naps).map(({ status }) => status).join(' ')}`);
  const others = server
    .log()
    .split('\n')
    .filter((line) => /^error/.test(line) && !/GET \/spin: the guest did not respond/.test(line));
  console.log(`errors other than the limit of the loops: ${others.length}`, ...others);
} finally {
  server.child.kill();
  await server.ended;
  rmSync(folder, { recursive: true, force: true });
}
