#!/usr/bin/env node
/**
 * Requests per second and CPU per request of `wasmcp-node serve` in each isolation, beside `wasmtime serve` when its
 * binary is given. Needs wrk (Debian: apt-get install wrk).
 *
 *   npm run bench -- [--component server.wasm] [--wasmtime PATH] [--method tools/list]
 *     [--connections 1,4,16,64] [--rounds 5] [--seconds 3] [--workers 1]
 *
 * Each round starts every server anew, one after another, so that all meet the same moods of the machine. Quote
 * medians and ratios. The notes fixture answers `tools/list` without a session with an error, the same on both.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load, machine, median, ourCommand, script, start, wasmtimeCommand, workspace } from './load.mjs';

const { values } = parseArgs({
  options: {
    component: { type: 'string', default: join(import.meta.dirname, '../../fixtures/notes-draft.wasm') },
    wasmtime: { type: 'string' },
    method: { type: 'string', default: 'tools/list' },
    connections: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '1' },
  },
});

const { folder, close } = workspace();
const lua = script(folder, values.method);
const ours = (isolation) =>
  ourCommand(values.component, folder, [...['--workers', values.workers, '--isolation', isolation]]);
const servers = [
  ...(values.wasmtime === undefined
    ? []
    : [{ name: 'wasmtime serve', command: wasmtimeCommand(values.wasmtime, values.component) }]),
  { name: 'request', command: ours('request') },
  { name: 'reuse=1000000', command: ours('reuse=1000000') },
  { name: 'fresh', command: ours('fresh') },
];

try {
  console.log(await machine(values.wasmtime));
  console.log(
    `${values.component.split('/').at(-1)}, ${values.method}, ${values.workers} worker(s), ${values.rounds} rounds of ${values.seconds} s`,
  );
  for (const connections of values.connections.split(',').map(Number)) {
    for (const server of servers) Object.assign(server, { rates: [], costs: [], failed: 0 });
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const server of servers) {
        const running = await start(server.command);
        // As many instances as requests at a time have to be made first.
        await load(running, lua, connections, 3);
        const { rate, cost, failed } = await load(running, lua, connections, Number(values.seconds));
        server.rates.push(rate);
        server.costs.push(cost);
        server.failed += failed;
        server.memory = running.memory();
        await running.stop();
      }
    }
    const base = median(servers[0].rates);
    console.log(`\n${connections} connections`);
    for (const { name, rates, costs, failed, memory } of servers) {
      const rate = median(rates);
      console.log(
        [
          name.padEnd(15),
          `${rate.toFixed(0).padStart(7)} requests/s`,
          `× ${(rate / base).toFixed(2)}`,
          `${median(costs).toFixed(3)} ms CPU`,
          `${memory.toFixed(0)} MiB`,
          failed > 0 ? `${failed} not 2xx` : '',
        ].join('  '),
      );
    }
  }
} finally {
  close();
}
