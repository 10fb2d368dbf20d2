#!/usr/bin/env node
/**
 * What observing requests costs: requests per second and CPU per request with each kind of observation, in turns with a
 * server without any. Needs wrk (Debian: apt-get install wrk).
 *
 *   npm run bench:observe -- [--component server.wasm] [--tool counter] [--connections 4] [--rounds 7] [--seconds 2]
 *     [--warm 15] [--durability power] [--only off,access]
 *
 * All servers run, and one of them is under load at a time: in each round every one, in another order than before. The ratios
 * are those of the same round. At first each gets load for `--warm` seconds, because V8 compiles for that long.
 */
import { appendFileSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load, machine, median, ourCommand, script, start, workspace } from './load.mjs';

const { values } = parseArgs({
  options: {
    component: { type: 'string', default: join(import.meta.dirname, '../../fixtures/notes-draft.wasm') },
    tool: { type: 'string', default: 'counter' },
    connections: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    warm: { type: 'string', default: '15' },
    durability: { type: 'string', default: 'power' },
    only: { type: 'string' },
  },
});

const { folder, close } = workspace();
const tracer = join(folder, 'tracer.mjs');
const api = import.meta.resolve('@opentelemetry/api');
// An SDK that records nothing: what is left is our own work.
writeFileSync(
  tracer,
  `import { trace, ProxyTracerProvider } from '${api}';
const provider = { getTracer: () => new ProxyTracerProvider().getTracer('none') };
trace.setGlobalTracerProvider(provider);`,
);

let stores = 0;
const ours = (...args) =>
  ourCommand(values.component, folder, [
    ...['--store', `sqlite:${join(folder, `${stores++}.db`)}`, '--durability', values.durability],
    ...['--workers', '1', '--mcp', 'guide', '--session-order', 'parallel'],
    ...args,
  ]);
const traced = ours();
const scraped = ours('--admin-addr', '127.0.0.1:0');
const all = [
  { name: 'off', command: ours() },
  { name: 'off again', command: ours() },
  { name: 'access log', command: ours('--access-log', '--log-file', join(folder, 'access.log')) },
  {
    name: 'access log in JSON',
    command: ours('--access-log', '--log-format', 'json', '--log-file', join(folder, 'access.json')),
  },
  { name: 'metrics', command: scraped },
  { name: 'no-op tracer', command: { ...traced, args: ['--import', tracer, ...traced.args] } },
];
const servers = all.filter(({ name }) => values.only?.split(',').includes(name) ?? true);

/** Starts it; afterwards `measure` puts it under load. */
async function prepare(server) {
  const running = await start(server.command);
  const lua = join(folder, `${server.name.replaceAll(' ', '-')}.lua`);
  copyFileSync(script(folder, 'tools/call', { name: values.tool, arguments: {} }), lua);
  appendFileSync(lua, `wrk.headers['mcp-session-id'] = '${await openSession(running.url)}'\n`);
  server.stop = running.stop;
  server.measure = (seconds) => load(running, lua, Number(values.connections), seconds);
  await server.measure(Number(values.warm));
}

async function openSession(url) {
  const params = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  };
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }),
  });
  await response.text();
  return response.headers.get('mcp-session-id');
}

try {
  console.log(await machine());
  for (const server of servers) {
    Object.assign(server, { rates: [], costs: [], ratios: [], costRatios: [] });
    await prepare(server);
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const server of order) {
      const { rate, cost, failed } = await server.measure(Number(values.seconds));
      if (failed > 0) throw new Error(`${server.name}: ${failed} responses were not 2xx`);
      server.rates.push(rate);
      server.costs.push(cost);
    }
    const [base] = servers;
    for (const server of servers) {
      server.ratios.push(server.rates.at(-1) / base.rates.at(-1));
      server.costRatios.push(server.costs.at(-1) / base.costs.at(-1));
    }
  }
  for (const { name, rates, costs, ratios, costRatios } of servers) {
    console.log(
      [
        name.padEnd(18),
        `${median(rates).toFixed(0).padStart(6)} requests/s`,
        `× ${median(ratios).toFixed(3)}`,
        `${median(costs).toFixed(3)} ms CPU`,
        `× ${median(costRatios).toFixed(3)}`,
      ].join('  '),
    );
  }
} finally {
  for (const { stop } of servers) await stop?.();
  close();
}
