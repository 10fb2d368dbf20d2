#!/usr/bin/env node
/**
 * Requests per second and CPU per request of `wasmcp-node serve`, beside `wasmtime serve` when its binary is given:
 *
 *   npm run bench -- [--component fixtures/notes-draft.wasm] [--wasmtime PATH] [--rounds 5] [--seconds 3] [--connections 4]
 *     [--workers 1] [--method ping]
 *
 * The servers take turns, round by round, so that both meet the same moods of the machine. Quote medians and ratios.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    component: { type: 'string', default: join(root, 'fixtures/notes-draft.wasm') },
    wasmtime: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '4' },
    workers: { type: 'string', default: '1' },
    method: { type: 'string', default: 'ping' },
  },
});

/** Clock ticks a second in /proc/PID/stat; Linux has 100 everywhere. */
const TICKS = 100;

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function start(name, command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  const url = await new Promise((resolve, reject) => {
    child.stderr.on('data', (part) => {
      text += part;
      const banner = /Serving HTTP on (http:\S+)\/\n/.exec(text);
      if (banner !== null) resolve(banner[1]);
    });
    child.on('exit', (status) => reject(new Error(`${name} ended with ${status}: ${text}`)));
  });
  return { name, child, url, rates: [], costs: [] };
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

const REQUEST = {
  method: 'POST',
  path: '/mcp',
  headers: HEADERS,
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: values.method, params: {} }),
};

async function round(server) {
  const pool = new Pool(server.url, { connections: Number(values.connections), pipelining: 1 });
  const before = cpuSeconds(server.child.pid);
  const started = performance.now();
  const end = started + Number(values.seconds) * 1000;
  let count = 0;
  const statuses = new Map();
  async function client() {
    while (performance.now() < end) {
      const { statusCode, body } = await pool.request(REQUEST);
      await body.dump();
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
      count += 1;
    }
  }
  await Promise.all(Array.from({ length: Number(values.connections) }, client));
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  server.statuses = [...statuses].map(([status, times]) => `${status} × ${times}`).join(', ');
  return { rate: count / seconds, cost: ((cpuSeconds(server.child.pid) - before) / count) * 1000 };
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}

const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-bench-'));
const servers = [
  await start('wasmcp-node', process.execPath, [
    join(root, 'bin/wasmcp-node.js'),
    'serve',
    values.component,
    '--addr',
    '127.0.0.1:0',
    '--workers',
    values.workers,
    '--store',
    `sqlite:${join(folder, 'store.db')}`,
  ]),
];
if (values.wasmtime !== undefined) {
  servers.push(
    await start('wasmtime serve', values.wasmtime, [
      'serve',
      '-Scli,http,keyvalue,config',
      '--addr',
      '127.0.0.1:0',
      values.component,
    ]),
  );
}
try {
  for (const server of servers) await round(server);
  for (let i = 0; i < Number(values.rounds); i++) {
    for (const server of servers) {
      const { rate, cost } = await round(server);
      server.rates.push(rate);
      server.costs.push(cost);
    }
  }
  console.log(`node ${process.version}, ${cpus()[0].model}, ${availableParallelism()} cores`);
  console.log(
    `${values.component.split('/').at(-1)}, ${values.connections} connections, ${values.rounds} rounds`,
  );
  for (const { name, rates, costs, statuses } of servers) {
    console.log(
      `${name.padEnd(16)} ${median(rates).toFixed(0).padStart(7)} requests/s   ${median(costs).toFixed(3)} ms CPU a request   (${statuses})`,
    );
  }
} finally {
  for (const { child } of servers) {
    child.kill();
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true });
}
