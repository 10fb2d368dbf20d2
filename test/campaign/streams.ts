import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get, type IncomingMessage, request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { serveStore } from './server.ts';
import type { StreamsServerSettings } from './streams-server.ts';

/** Every call in which a guest waits, by the names of `waits.wasm`. */
const CALLS = [
  'block',
  'poll',
  'read',
  'skip',
  'splice',
  'write',
  'zeroes',
  'flush',
  'outgoing',
  'get',
  'set',
] as const;

export interface StreamsReport {
  /** Milliseconds until 50 guests have finished that sleep half a second each at the same time; the best of three. */
  readonly sleepers: number;
  /** Milliseconds until a client got the first of five events that are 300 ms apart, and until it got the last. */
  readonly events: { readonly first: number; readonly last: number };
  /** 20 clients that read only the first bytes of a gigabyte: MiB of the process before, and the maximum. */
  readonly stalled: { readonly before: number; readonly most: number };
  /** Clients that disconnect while their guest waits, for each call in which guests wait. */
  readonly leaving: {
    readonly clients: number;
    /** Those whose response had begun; the machine may be too busy for the rest. */
    readonly answered: number;
    /** MiB of the process, the medians of both halves, because it varies with the number of workers. */
    readonly memory: { readonly first: number; readonly second: number };
    /** Milliseconds from the disconnect of the last client until no guest runs any more; guests have `timeout`. */
    readonly rest: number;
    readonly timeout: number;
  };
}

/** Starts `clients` clients for each call in which a guest waits. */
export async function streamsCampaign(
  clients: number,
  progress: (line: string) => void = () => {},
): Promise<StreamsReport> {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-streams-'));
  try {
    const server = await serveStore({
      path: join(folder, 'store.db'),
      durability: 'power',
      component: 'http-lab',
    });
    const sleepers = await sleep(server.url);
    const events = await listen(server.url);
    const stalled = await stall(server.url, server.child.pid!);
    server.child.kill('SIGTERM');
    await server.ended;
    progress(JSON.stringify({ sleepers, events, stalled }));
    return { sleepers, events, stalled, leaving: await leave(clients, progress) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function passed({ sleepers, events, stalled, leaving }: StreamsReport): boolean {
  const { clients, answered, memory, rest, timeout } = leaving;
  return (
    sleepers < 1500 &&
    events.first < events.last - 600 &&
    stalled.most - stalled.before < 150 &&
    memory.second - memory.first < Math.max(16, memory.first / 10) &&
    rest < timeout + 1000 &&
    answered > clients * 0.9
  );
}

async function sleep(url: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const start = performance.now();
    const answers = Array.from({ length: 50 }, async () => (await fetch(`${url}/sleep?ms=500`)).text());
    for (const answer of await Promise.all(answers)) {
      if (!/^\d+ ms$/.test(answer)) throw new Error(`a sleeper answered ${answer}`);
    }
    times.push(performance.now() - start);
  }
  return Math.round(Math.min(...times));
}

async function listen(url: string): Promise<StreamsReport['events']> {
  const start = performance.now();
  const response = await fetch(`${url}/sse?n=5&ms=300`);
  const seen: number[] = [];
  for await (const _ of response.body!) seen.push(performance.now() - start);
  return { first: Math.round(seen[0]!), last: Math.round(seen.at(-1)!) };
}

async function stall(url: string, pid: number): Promise<StreamsReport['stalled']> {
  const before = memoryOf(pid);
  const responses = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const [response] = (await once(get(`${url}/big?bytes=1000000000`, { agent: false }), 'response')) as [
        IncomingMessage,
      ];
      await once(response, 'readable');
      return response;
    }),
  );
  let most = before;
  // Until nothing has been added for a second.
  for (let quiet = 0; quiet < 10; quiet += 1) {
    await pause(100);
    const now = memoryOf(pid);
    if (now > most) [most, quiet] = [now, 0];
  }
  for (const response of responses) response.on('error', () => {}).destroy();
  return { before, most };
}

async function leave(clients: number, progress: (line: string) => void): Promise<StreamsReport['leaving']> {
  const timeout = 2000;
  const settings: StreamsServerSettings = { timeout, delay: 4000 };
  const child = fork(join(import.meta.dirname, 'streams-server.ts'), [JSON.stringify(settings)]);
  const silent = await silentServer();
  const [url] = (await once(child, 'message')) as [string];
  const memory: number[] = [];
  const path = (call: string): string => `${url}stuck?call=${call}&authority=${silent.name}`;
  let answered = 0;
  // The first call that needs it loads code that only some calls need.
  for (const call of CALLS) await waitAndLeave(path(call));

  for (let n = 0; n < clients; n += 1) {
    // Half of the calls keep their guest until its deadline, and a worker has room for 64 guests.
    const pace = pause(timeout / 8);
    const answers = await Promise.all(CALLS.map((call) => waitAndLeave(path(call))));
    answered += answers.filter((began) => began).length;
    await pace;
    memory.push(memoryOf(child.pid!));
    if (n % 100 === 99) progress(`${(n + 1) * CALLS.length} clients left, ${memory.at(-1)} MiB`);
  }
  child.send('close');
  const [rest] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  silent.server.close();
  return {
    clients: clients * CALLS.length,
    answered,
    memory: {
      first: median(memory.slice(0, clients >> 1)),
      second: median(memory.slice(clients >> 1)),
    },
    rest: Math.round(rest),
    timeout,
  };
}

/** Sends half of a request's body, reads the first line of the response, and disconnects; false if there was no such line. */
async function waitAndLeave(url: string): Promise<boolean> {
  const sent = request(url, { method: 'POST', agent: false });
  sent.write('half');
  return new Promise((resolve) => {
    let line = '';
    sent.once('response', (response) => {
      response.once('readable', () => {
        line = String(response.read());
        sent.destroy();
      });
      response.on('error', () => {});
    });
    sent.on('error', () => {});
    sent.once('close', () => resolve(line.startsWith('waiting\n')));
  });
}

/** Accepts connections and sends nothing. */
async function silentServer(): Promise<{ readonly server: Server; readonly name: string }> {
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, name: `127.0.0.1:${address.port}` };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

/** Resident memory of a process in MiB. */
function memoryOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
