import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { createRandom } from './random.ts';
import { type ServedStore, serveStore } from './server.ts';
import { MIXES, type Mix, pickStep } from './soak-mix.ts';

export interface SoakOptions {
  /** In seconds; the first tenth, at most 60, determines the full load. */
  readonly seconds: number;
  readonly seed: number;
  /** Clients of each component. */
  readonly clients: number;
  readonly progress?: (line: string) => void;
}

export interface SoakReport {
  readonly component: string;
  /** Steps per second: as fast as the clients can, and half of that for the rest of the time. */
  readonly full: number;
  readonly half: number;
  readonly steps: number;
  /** Guests that looped forever, each of which was ended at its limit. */
  readonly loops: number;
  /** The first few failures. */
  readonly failures: number;
  readonly examples: readonly string[];
  /** Resident memory in MiB: medians of the sixth and the last twelfth of the time, and of each twelfth. */
  readonly early: number;
  readonly late: number;
  readonly growthPercent: number;
  readonly memory: readonly number[];
}

const WINDOWS = 12;

/** From this window on, after a sixth of the time, memory is expected not to grow. */
const EARLY = 2;

/** Milliseconds between two measurements of memory. */
const SAMPLE = 500;

/** Runs all mixes at the same time, each with a server of its own, for a long time at half of the full load. */
export async function soak(options: SoakOptions): Promise<SoakReport[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-soak-'));
  const servers: ServedStore[] = [];
  const limit = Math.min(Math.max(5, options.seconds / 4), 20);
  const usual = getGlobalDispatcher();
  // A connection for each request: a server that gets no processor for seconds closes idle connections just as the next request
  // arrives, and clients cannot tell that from a failure.
  const connections = new Agent({ pipelining: 0 });
  setGlobalDispatcher(connections);
  try {
    for (const { component } of MIXES) {
      servers.push(
        await serveStore({
          component,
          path: join(folder, `${component}.db`),
          durability: 'power',
          env: { WASMCP_NODE_TIMEOUT: `${limit}s` },
        }),
      );
    }
    return await Promise.all(MIXES.map((mix, n) => soakOne(mix, servers[n]!, options)));
  } finally {
    setGlobalDispatcher(usual);
    await connections.destroy();
    for (const { child } of servers) child.kill();
    await Promise.all(servers.map(({ ended }) => ended));
    rmSync(folder, { recursive: true });
  }
}

async function soakOne(mix: Mix, { url, child }: ServedStore, options: SoakOptions): Promise<SoakReport> {
  const { seconds, seed, clients, progress = () => {} } = options;
  const random = createRandom(seed);
  const began = performance.now();
  const samples: number[][] = Array.from({ length: WINDOWS }, () => []);
  const examples: string[] = [];
  let steps = 0;
  let loops = 0;
  let failures = 0;

  function failed(what: string): void {
    failures++;
    if (examples.length < 5) examples.push(what);
    progress(`${mix.component}: ${what}`);
  }

  /** `rate` in steps a second for all clients together; without one, as many as they can. */
  async function load(until: number, rate?: number): Promise<void> {
    const interval = rate === undefined ? 0 : (clients / rate) * 1000;
    await Promise.all(
      Array.from({ length: clients }, async () => {
        for (let next = performance.now(); next < until; ) {
          const problem = await pickStep(mix, random)(url, random).catch(describe);
          steps++;
          if (problem !== undefined) failed(problem);
          next = Math.max(next + interval, performance.now());
          await pause(Math.max(0, next - performance.now()));
        }
      }),
    );
  }

  async function watchMemory(until: number): Promise<void> {
    for (let now = began; now < until; now = performance.now()) {
      const window = Math.floor(((now - began) / (until - began)) * WINDOWS);
      samples[window]!.push(residentMemory(child.pid!));
      if (samples[window]!.length === 1) progress(`${mix.component}: ${steps} steps, ${failures} failed`);
      await pause(SAMPLE);
    }
  }

  const end = began + seconds * 1000;
  const memoryWatched = watchMemory(end);
  const measured = Math.min(seconds / 10, 60);
  await load(began + measured * 1000);
  const full = steps / measured;
  if (mix.component === 'misbehave') {
    const response = await fetch(`${url}/spin`);
    loops++;
    if (response.status !== 504) failed(`/spin answered ${response.status}`);
  }
  const halfBegan = performance.now();
  const before = steps;
  await load(end, full / 2);
  const half = ((steps - before) / (performance.now() - halfBegan)) * 1000;
  await memoryWatched;
  const memory = samples.map(median);
  const [early, late] = [memory[EARLY]!, memory.at(-1)!];
  return {
    component: mix.component,
    full: round(full),
    half: round(half),
    steps,
    loops,
    failures,
    examples,
    early: round(early),
    late: round(late),
    growthPercent: round((late / early - 1) * 100),
    memory: memory.map(round),
  };
}

/** `fetch` rejects with an error whose cause contains the reason. */
function describe(error: Error): string {
  return error.cause === undefined ? String(error) : `${error}: ${error.cause}`;
}

/** In MiB. */
function residentMemory(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
