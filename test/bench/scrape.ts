/** What a scrape of `/metrics` costs: processor time of 100, for a server that has opened 1,000 sessions (Linux). */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SESSIONS = 1000;
const SCRAPES = 100;
/** Milliseconds of one tick in `/proc/PID/stat`. */
const TICK = 10;

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'scrape-'));
const options = ['--mcp', 'guide', '--addr', '127.0.0.1:0', '--admin-addr', '127.0.0.1:0'];
const server = spawn(
  process.execPath,
  [
    path('bin/wasmcp-node.js'),
    'serve',
    path('fixtures/notes-draft.wasm'),
    ...options,
    '--store',
    `sqlite:${folder}/s.db`,
  ],
  { stdio: ['ignore', 'ignore', 'pipe'] },
);
let banner = '';
for await (const part of server.stderr) {
  banner += String(part);
  if (banner.includes('Serving HTTP on')) break;
}
const admin = /\/metrics on (\S+)/.exec(banner)![1]!;
const url = /Serving HTTP on (\S+)/.exec(banner)![1]!;

async function call(): Promise<void> {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'counter', arguments: {} } };
  const headers = { 'content-type': 'application/json' };
  await (await fetch(`${url}mcp`, { method: 'POST', headers, body: JSON.stringify(message) })).text();
}

async function scrape(): Promise<number> {
  return (await (await fetch(`${admin}metrics`)).text()).length;
}

/** Milliseconds of the server, user and system. */
function processorTime(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

for (let done = 0; done < SESSIONS; done += 10) await Promise.all(Array.from({ length: 10 }, call));
for (let done = 0; done < SCRAPES / 5; done++) await scrape();
const before = processorTime();
let bytes = 0;
for (let done = 0; done < SCRAPES; done++) bytes = await scrape();
const each = (processorTime() - before) / SCRAPES;
console.log(
  `${bytes} bytes, ${each} ms for each scrape: ${((each / 15_000) * 100).toFixed(3)} % of a processor at one in 15 s`,
);
server.kill();
rmSync(folder, { recursive: true });
