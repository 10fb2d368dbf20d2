/**
 * Processor time of a request by the size of the response, the number of guests that wait meanwhile, and the number of nested
 * components. Milliseconds of user and system time per request, from /proc; Linux only.
 *
 *   npm run bench:engine -- [--seconds 2] [--component server.wasm]… [--plot FOLDER]
 *
 * One worker, 4 connections, `request` isolation. Every `--component` is measured beside the fixtures.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { loadComponent } from '../../src/loader/load-component.ts';
import { type Plot, plot } from './plot.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    component: { type: 'string', multiple: true, default: [] },
    plot: { type: 'string' },
  },
});

/** Clock ticks per second in /proc/PID/stat; 100 on every Linux. */
const TICKS = 100;
const CONNECTIONS = 4;
const SIZES: readonly number[] = [1e3, 1e4, 1e5, 1e6, 1e7];
const WAITING: readonly number[] = [1, 10, 100, 1000];
const COMPONENTS: readonly string[] = [
  ...['misbehave', 'kv-draft', 'http-lab', 'notes-draft'].map(fixture),
  ...values.component,
];

function fixture(name: string): string {
  return join(import.meta.dirname, '../../fixtures', `${name}.wasm`);
}

interface Measured {
  /** Milliseconds of processor time for each request. */
  readonly cost: number;
  readonly count: number;
}

interface Server extends AsyncDisposable {
  /** Requests the path repeatedly, for the given time. */
  measure(path: string): Promise<Measured>;
  /** Starts this many guests that wait. */
  wait(count: number): Promise<void>;
  /** Resident memory in MiB. */
  memory(): number;
}

async function start(component: string): Promise<Server> {
  const room = String(2 * Math.max(...WAITING));
  const child = fork(join(import.meta.dirname, 'engine-server.ts'), [component, room], { stdio: 'inherit' });
  const [url] = (await once(child, 'message')) as [string];
  const agent = new Agent({ connections: CONNECTIONS });
  const waiters = new Agent();
  const left = new AbortController();

  function cpu(): number {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000;
  }

  async function repeat(path: string, seconds: number): Promise<number> {
    const end = performance.now() + seconds * 1000;
    let count = 0;
    const client = async (): Promise<void> => {
      while (performance.now() < end) {
        const { body } = await request(url + path.slice(1), { dispatcher: agent });
        await body.dump({ limit: Number.MAX_SAFE_INTEGER });
        count += 1;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    return count;
  }

  return {
    async measure(path) {
      await repeat(path, Number(values.seconds) / 2);
      const before = cpu();
      const count = await repeat(path, Number(values.seconds));
      return { cost: (cpu() - before) / count, count };
    },
    async wait(count) {
      // The head of its response shows that a guest waits.
      const path = `${url}stream?n=2&size=1&ms=500000`;
      const options = { dispatcher: waiters, signal: left.signal };
      const answers = await Promise.all(Array.from({ length: count }, () => request(path, options)));
      for (const { body } of answers) body.on('error', () => {});
    },
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024,
    async [Symbol.asyncDispose]() {
      left.abort();
      await Promise.all([agent.destroy(), waiters.destroy()]);
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const text = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  process.stdout.write(`${text}\n\n`);
}

function draw(name: string, picture: Plot): void {
  if (values.plot !== undefined) writeFileSync(join(values.plot, name), plot(picture));
}

/** In microseconds, as in the plots of several sizes. */
const micro = (list: readonly Measured[]): number[] => list.map(({ cost }) => cost * 1000);

async function bySize(): Promise<void> {
  await using server = await start(fixture('http-lab'));
  const costs: Measured[] = [];
  for (const size of SIZES) costs.push(await server.measure(`/big?bytes=${size}`));
  table(
    ['bytes of the response', 'ms CPU'],
    SIZES.map((size, n) => [size, costs[n]!.cost.toFixed(2)]),
  );
  draw('engine-response.svg', {
    x: 'bytes of the response',
    y: 'µs CPU a request',
    at: SIZES,
    lines: [{ name: 'request', values: micro(costs) }],
  });
}

async function byWaiting(): Promise<void> {
  const costs: Measured[] = [];
  const memory: number[] = [];
  for (const count of WAITING) {
    await using server = await start(fixture('http-lab'));
    await server.wait(count);
    costs.push(await server.measure('/status?code=200'));
    memory.push(server.memory());
  }
  table(
    ['guests that wait', 'ms CPU', 'MiB'],
    WAITING.map((count, n) => [count, costs[n]!.cost.toFixed(2), memory[n]!.toFixed(0)]),
  );
  draw('engine-waiting.svg', {
    x: 'guests that wait',
    y: 'µs CPU of another request',
    at: WAITING,
    lines: [{ name: 'request', values: micro(costs) }],
  });
}

async function byComponents(): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const path of COMPONENTS) {
    const { innerComponents, size } = await loadComponent(path);
    await using server = await start(path);
    const loaded = server.memory();
    const { cost } = await server.measure('/no-such-path');
    const name = basename(path, '.wasm');
    rows.push([name, innerComponents, (size / 1e6).toFixed(1), loaded.toFixed(0), cost.toFixed(2)]);
  }
  rows.sort((a, b) => Number(a[1]) - Number(b[1]));
  table(['component', 'components inside', 'MB', 'MiB after load', 'ms CPU'], rows);
}

process.stdout.write(`node ${process.version}; ${cpus()[0]!.model}, ${availableParallelism()} cores\n\n`);
await bySize();
await byWaiting();
await byComponents();
