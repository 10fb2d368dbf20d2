import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';

/**
 * What a purge of most sessions costs the clients of a server that is half busy:
 * `node test/bench/purge-under-load.ts FILE [SECONDS] [whole]`, with a store that `test/bench/session-store.ts` filled. It deletes
 * sessions, for twice as many seconds as it is measured without a purge, or until it has deleted all.
 */

const ROOT = join(import.meta.dirname, '../..');
const [file, seconds = '15', whole] = process.argv.slice(2);
const url = `sqlite:${file}`;
const bin = join(ROOT, 'bin/wasmcp-node.js');
const dispatcher = new Agent({ connections: 64, pipelining: 1 });

const server = spawn(
  process.execPath,
  [
    bin,
    'serve',
    join(ROOT, 'fixtures/notes-draft.wasm'),
    '--mcp',
    'guide',
    '--addr',
    '127.0.0.1:0',
    '--store',
    url,
  ],
  { stdio: ['ignore', 'inherit', 'pipe'] },
);
let banner = '';
for await (const chunk of server.stderr) {
  banner += chunk;
  if (/Serving HTTP on (\S+)\//.test(banner)) break;
}
const address = `${/Serving HTTP on (\S+)\//.exec(banner)![1]}/mcp`;

async function call(session?: string): Promise<string | undefined> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(session && { 'mcp-session-id': session }) },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'counter', arguments: {} },
    }),
    dispatcher,
  } as RequestInit);
  await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return response.headers.get('mcp-session-id') ?? undefined;
}

const clients = await Promise.all(Array.from({ length: 32 }, () => call()));

/** As many requests as possible; returns how many there were in a second. */
async function saturate(time: number): Promise<number> {
  const end = performance.now() + time;
  let done = 0;
  await Promise.all(
    clients.slice(0, 16).map(async (session) => {
      while (performance.now() < end) {
        await call(session);
        done += 1;
      }
    }),
  );
  return (done / time) * 1000;
}

/** Requests at a fixed rate, however long the earlier ones take, until `until` settles; returns their latencies. */
async function steady(rate: number, until: Promise<unknown>): Promise<number[]> {
  const latencies: number[] = [];
  const pending = new Set<Promise<void>>();
  let isOver = false;
  until.finally(() => {
    isOver = true;
  });
  const began = performance.now();
  for (let n = 0; !isOver; n++) {
    const due = began + (n * 1000) / rate;
    if (due > performance.now()) await delay(Math.max(0, due - performance.now()));
    const sent = call(clients[n % clients.length]).then(() => {
      latencies.push(performance.now() - due);
      pending.delete(sent);
    });
    pending.add(sent);
  }
  await Promise.all(pending);
  return latencies.sort((a, b) => a - b);
}

function described(latencies: readonly number[]): string {
  const at = (share: number): string => latencies[Math.floor(latencies.length * share)]!.toFixed(1);
  return `${latencies.length} requests, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, largest ${latencies.at(-1)!.toFixed(1)} ms`;
}

await saturate(3000);
const rate = (await saturate(4000)) / 2;
console.log(`half load: ${Math.round(rate)} requests/s`);
const time = Number(seconds) * 1000;
console.log(`alone: ${described(await steady(rate, delay(time)))}`);
const purge = spawn(process.execPath, [bin, 'sessions', 'purge', '--store', url], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
const began = performance.now();
const ended = once(purge, 'exit');
let largest = 0;
const watching = setInterval(() => {
  const status = readFileSync(`/proc/${purge.pid}/status`, 'utf8');
  largest = Math.max(largest, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}, 500);
ended.finally(() => clearInterval(watching));
const until = whole === undefined ? Promise.race([ended, delay(time * 2)]) : ended;
console.log(`beside a purge: ${described(await steady(rate, until))}`);
if (purge.exitCode === null) purge.kill();
console.log(
  `the purge took ${((performance.now() - began) / 1000).toFixed(1)} s and ${Math.round(largest)} MiB, and ended with ${(await ended)[0]}`,
);
server.kill();
await dispatcher.close();
