/**
 * Guests on the caller's thread (`workers: 0`) beside guests in one worker: requests per second and processor time per request
 * over HTTP with 4 connections, and the longest time for which the caller's event loop stood still meanwhile, beside quick
 * requests, an endless loop, and others that hold a thread.
 *
 *   npm run bench:thread -- [--seconds 3] [--component server.wasm --path /]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { createServer, loadComponent } from '../../src/index.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    component: { type: 'string', default: join(FIXTURES, 'misbehave.wasm') },
    path: { type: 'string', default: '/ok' },
    serve: { type: 'string' },
  },
});

/** What the server says when it is asked: its processor time, and its longest pause since it was asked before. */
interface Reading {
  readonly cpu: number;
  readonly pause: number;
}

async function serve(workers: number): Promise<void> {
  let last = performance.now();
  let longest = 0;
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  const server = createServer(await loadComponent(values.component), {
    store: 'memory:',
    workers,
    timeout: 2000,
    mcp: 'off',
  });
  process.once('disconnect', () => process.exit());
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send!({ cpu: (user + system) / 1000, pause: longest } satisfies Reading);
    longest = 0;
  });
  process.send!(await server.listen(0));
}

async function compare(workers: number): Promise<void> {
  const args = ['--serve', String(workers), '--component', values.component];
  const child = fork(import.meta.filename, args, { stdio: 'inherit' });
  const [url] = (await once(child, 'message')) as [string];
  const agent = new Agent({ connections: 8 });

  async function read(): Promise<Reading> {
    child.send('read');
    return (await once(child, 'message'))[0] as Reading;
  }

  async function ask(path: string): Promise<void> {
    const { body } = await request(url + path.slice(1), { dispatcher: agent });
    await body.dump({ limit: Number.MAX_SAFE_INTEGER });
  }

  async function repeat(seconds: number): Promise<number> {
    const end = performance.now() + seconds * 1000;
    let count = 0;
    const client = async (): Promise<void> => {
      for (; performance.now() < end; count += 1) await ask(values.path);
    };
    await Promise.all([1, 2, 3, 4].map(client));
    return count;
  }

  await repeat(Number(values.seconds));
  const before = await read();
  const count = await repeat(Number(values.seconds));
  const after = await read();
  const rate = count / Number(values.seconds);
  console.log(
    `workers: ${workers}  ${rate.toFixed(0)} requests/s  ${((after.cpu - before.cpu) / count).toFixed(3)} ms CPU each  longest pause ${after.pause.toFixed(1)} ms`,
  );
  if (values.path === '/ok') {
    for (const path of ['/spin', '/spin-calls', '/recurse', '/trap', '/grow?mib=300']) {
      await ask(path);
      console.log(`  ${path.padEnd(16)} longest pause ${(await read()).pause.toFixed(1)} ms`);
    }
  }
  await agent.close();
  child.disconnect();
  await once(child, 'exit');
}

if (values.serve !== undefined) await serve(Number(values.serve));
else for (const workers of [0, 1]) await compare(workers);
