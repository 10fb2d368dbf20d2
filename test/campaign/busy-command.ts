/**
 * Quick requests on a machine that other programs keep busy, and beside guests that loop forever:
 *
 *   npm run campaign:busy -- [--seconds 60] [--programs 8] [--loops 2] [--clients 4]
 *
 * Each quick request must be answered with 200, whatever the time that it takes, and no worker may be lost: the loops are ended
 * alone, at a time limit of 5 s. The other programs have the priority of the server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveStore } from './server.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    programs: { type: 'string', default: '8' },
    loops: { type: 'string', default: '2' },
    clients: { type: 'string', default: '4' },
  },
});

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

/** So many clients that ask again and again until the time is over. */
async function load(url: string, clients: string, end: number): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true });
  const answers: Answer[] = [];
  await Promise.all(
    Array.from({ length: Number(clients) }, async () => {
      while (performance.now() < end) answers.push(await ask(url, agent));
    }),
  );
  agent.destroy();
  return answers;
}

function startProgram(): ChildProcess {
  return spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' });
}

const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-busy-'));
const programs = Array.from({ length: Number(values.programs) }, startProgram);
const server = await serveStore({
  component: 'misbehave',
  path: join(folder, 'store.db'),
  durability: 'process',
  workers: 2,
  env: { WASMCP_NODE_TIMEOUT: '5s' },
});
try {
  const end = performance.now() + Number(values.seconds) * 1000;
  const [quick, loops] = await Promise.all([
    load(`${server.url}/ok`, values.clients, end),
    load(`${server.url}/spin`, values.loops, end),
  ]);
  const sorted = quick.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const part = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const statuses = (answers: readonly Answer[]): string =>
    [...Map.groupBy(answers, ({ status }) => status)]
      .map(([status, of]) => `${of.length} × ${status}`)
      .join(', ');
  console.log(`load average ${loadavg()[0]!.toFixed(1)} with ${programs.length} other programs`);
  console.log(
    `quick requests: ${statuses(quick)}; p50 ${part(0.5)} ms, p99 ${part(0.99)} ms, max ${part(1 - 1e-9)} ms`,
  );
  console.log(`loops: ${statuses(loops)}`);
  const errors = server
    .log()
    .split('\n')
    .filter((line) => /^error/.test(line) && !/GET \/spin: the guest did not respond/.test(line));
  console.log(`errors other than the limit of the loops: ${errors.length}`, ...errors);
  const isGood = quick.every(({ status }) => status === 200) && loops.every(({ status }) => status === 504);
  if (!isGood || errors.length > 0) process.exitCode = 1;
} finally {
  server.child.kill();
  await server.ended;
  for (const program of programs) program.kill('SIGKILL');

  rmSync(folder, { recursive: true, force: true });
}
