/**
 * What a request costs that writes to its session, by where the session is kept:
 *
 *   npm run bench:stores -- [--stores sqlite,postgres,redis] [--connections 1,16,64] [--hosts 1] [--delay 0] [--seconds 4]
 *
 * Each connection has a session of its own, in which it calls a tool that counts, one call at a time; with several hosts they take
 * turns. `--delay` adds milliseconds to each round trip to the engine, which is counted at one connection. Needs the Debian
 * packages postgresql and redis-server for those stores.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startPostgres } from '../support/postgres.ts';
import { REDIS, startRedis } from '../support/redis.ts';
import { machine, median, type Running, start, workspace } from './load.mjs';

const ROOT = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    stores: { type: 'string', default: 'sqlite,postgres,redis' },
    connections: { type: 'string', default: '1,16,64' },
    hosts: { type: 'string', default: '1' },
    delay: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '4' },
    component: { type: 'string', default: join(ROOT, 'fixtures/notes-draft2.wasm') },
    tool: { type: 'string', default: 'counter' },
  },
});

interface Engine {
  readonly url: string;
  /** Pieces that hosts have sent to it; undefined if it is in their process. */
  pieces(): Promise<number | undefined>;
  close(): Promise<void>;
}

async function throughProxy(
  port: number,
  url: (port: number) => string,
  close: () => Promise<void>,
): Promise<Engine> {
  const script = join(import.meta.dirname, 'slow-proxy.ts');
  const child: ChildProcess = spawn(process.execPath, [script, String(port), values.delay], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<number> => Number((await lines.next()).value);
  const proxied = await next();
  return {
    url: url(proxied),
    async pieces() {
      child.stdin!.write('\n');
      return next();
    },
    async close() {
      child.stdin!.end();
      await once(child, 'exit');
      await close();
    },
  };
}

async function openEngine(store: string, folder: string): Promise<Engine> {
  if (store === 'postgres') {
    const postgres = await startPostgres();
    return throughProxy(
      postgres.port,
      (port) => postgres.url().replace(`:${postgres.port}/`, `:${port}/`),
      postgres.close,
    );
  }
  if (store === 'redis') {
    const redis = await startRedis(REDIS);
    return throughProxy(
      redis.port,
      (port) => redis.url().replace(`:${redis.port}/`, `:${port}/`),
      redis.close,
    );
  }
  return { url: `sqlite:${join(folder, `${store}.db`)}`, pieces: async () => undefined, async close() {} };
}

function startHost(store: string): Promise<Running> {
  const args = ['serve', values.component, '--addr', '127.0.0.1:0', '--mcp', 'guide', '--store', store];
  return start({
    command: process.execPath,
    args: [join(ROOT, 'bin/wasmcp-node.js'), ...args, '--workers', '1'],
  });
}

interface Reply {
  readonly status: number;
  readonly session: string | undefined;
}

function post(url: string, agent: Agent, body: object, session?: string): Promise<Reply> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(session !== undefined && { 'mcp-session-id': session }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/mcp`, { agent, method: 'POST', headers }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          session: response.headers['mcp-session-id'] as string | undefined,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }));
  });
}

const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
};
const CALL = { method: 'tools/call', params: { name: values.tool, arguments: {} } };

/** Milliseconds of each call, by this many sessions during this many seconds. */
async function load(
  hosts: readonly Running[],
  sessions: readonly string[],
  seconds: number,
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(
    sessions.map(async (session, at) => {
      const { url } = hosts[at % hosts.length]!;
      while (performance.now() < end) {
        const began = performance.now();
        const { status } = await post(url, agent, CALL, session);
        if (status !== 200) throw new Error(`${url}: status ${status}`);
        times.push(performance.now() - began);
      }
    }),
  );
  agent.destroy();
  return times;
}

async function openSessions(hosts: readonly Running[], count: number): Promise<string[]> {
  const agent = new Agent();
  const open = async (_: unknown, at: number): Promise<string> =>
    (await post(hosts[at % hosts.length]!.url, agent, INITIALIZE)).session!;
  const sessions = await Promise.all(Array.from({ length: count }, open));
  agent.destroy();
  return sessions;
}

async function measure(store: string, connections: number, folder: string): Promise<string> {
  const engine = await openEngine(store, folder);
  const hosts = await Promise.all(Array.from({ length: Number(values.hosts) }, () => startHost(engine.url)));
  const total = connections * hosts.length;
  const sessions = await openSessions(hosts, total);
  await load(hosts, sessions, 2);
  const cpu = (): number => hosts.reduce((sum, host) => sum + host.cpu(), 0);
  const [before, pieces] = [cpu(), await engine.pieces()];
  const times = await load(hosts, sessions, Number(values.seconds));
  const used = ((cpu() - before) / times.length) * 1000;
  const sent = await engine.pieces();
  await Promise.all(hosts.map((host) => host.stop()));
  await engine.close();
  const sorted = times.toSorted((a, b) => a - b);
  return [
    store.padEnd(8),
    `${String(total).padStart(4)} sessions`,
    `${(times.length / Number(values.seconds)).toFixed(0).padStart(6)} calls/s`,
    `p50 ${median(times).toFixed(2)} ms`,
    `p99 ${sorted[Math.floor(sorted.length * 0.99)]!.toFixed(2)} ms`,
    `${used.toFixed(3)} ms CPU`,
    sent === undefined || connections > 1
      ? ''
      : `${((sent - pieces!) / times.length).toFixed(2)} round trips`,
  ].join('  ');
}

const { folder, close } = workspace();
try {
  console.log(await machine(undefined));
  const debian = readFileSync('/etc/os-release', 'utf8').match(/PRETTY_NAME="(.*)"/)?.[1];
  console.log(`${debian}; ${values.hosts} host(s), 1 worker each; ${values.delay} ms added to a round trip`);
  for (const connections of values.connections.split(',').map(Number)) {
    for (const store of values.stores.split(',')) console.log(await measure(store, connections, folder));
  }
} finally {
  close();
}
