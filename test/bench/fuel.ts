/**
 * How many units of fuel a guest takes for a message of so many bytes, which it parses and answers.
 *
 *   npm run bench:fuel -- [--sizes 1000,10000,1000000] [--plot FILE.svg] [--wasmtime BINARY]
 *
 * With `--wasmtime`, also the least fuel with which `wasmtime serve` gives the same answer, within 1 %, found by bisection.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadComponent } from '../../src/loader/load-component.ts';
import { serveInThread } from '../metering/served.ts';
import { plot } from './plot.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,3000,10000,30000,100000,300000,1000000' },
    plot: { type: 'string' },
    wasmtime: { type: 'string' },
  },
});
const COMPONENT = join(import.meta.dirname, '../../fixtures/notes-draft.wasm');
const HEADERS = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];

function messageOf(bytes: number): string {
  const params = { name: 'form_step', arguments: { field: 'name', value: 'x'.repeat(bytes) } };
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
}

/** The units of three runs, which must be equal. */
async function unitsOf(bytes: number): Promise<number> {
  const serve = await serveInThread(await loadComponent(COMPONENT), 'never');
  const request = { method: 'POST', path: '/mcp', headers: HEADERS, body: messageOf(bytes) };
  const units = new Set<number>();
  for (let n = 0; n < 3; n += 1) units.add((await serve(request)).units);
  if (units.size !== 1) throw new Error(`it took ${[...units].join(', ')} units`);
  return [...units][0]!;
}

/** Status and body of the answer of `wasmtime serve` with so much fuel. */
async function answerThere(binary: string, bytes: number, fuel: number): Promise<string> {
  const args = ['serve', '-Scli,keyvalue,config', '-W', `fuel=${fuel}`, '--addr', '127.0.0.1:0'];
  const child = spawn(binary, [...args, COMPONENT], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    let told = '';
    while (!/Serving HTTP on \S+\n/.test(told)) told += String((await once(child.stderr, 'data'))[0]);
    const [, url] = /Serving HTTP on (\S+)\/\n/.exec(told)!;
    const headers = { [HEADERS[0]!]: HEADERS[1]!, [HEADERS[2]!]: HEADERS[3]! };
    const response = await fetch(`${url}/mcp`, { method: 'POST', headers, body: messageOf(bytes) });
    return `${response.status} ${await response.text().catch(() => 'cut off')}`;
  } finally {
    child.kill();
    await once(child, 'close');
  }
}

async function leastFuel(binary: string, bytes: number): Promise<number> {
  const right = await answerThere(binary, bytes, 10 ** 12);
  let [tooLittle, enough] = [0, 4000];
  while ((await answerThere(binary, bytes, enough)) !== right) [tooLittle, enough] = [enough, enough * 2];
  while (enough - tooLittle > enough / 100) {
    const middle = Math.round((enough + tooLittle) / 2);
    if ((await answerThere(binary, bytes, middle)) === right) enough = middle;
    else tooLittle = middle;
  }
  return enough;
}

const sizes = values.sizes.split(',').map(Number);
const lines = new Map<string, number[]>();
const add = (name: string, value: number): void => {
  lines.set(name, [...(lines.get(name) ?? []), value]);
};
for (const bytes of sizes) {
  add('units', await unitsOf(bytes));
  if (values.wasmtime !== undefined) add("wasmtime's fuel", await leastFuel(values.wasmtime, bytes));
}
process.stdout.write(`bytes | ${sizes.join(' | ')}\n`);
for (const [name, row] of lines) process.stdout.write(`${name} | ${row.join(' | ')}\n`);
if (values.plot !== undefined) {
  const series = [...lines].map(([name, row]) => ({ name, values: row }));
  writeFileSync(values.plot, plot({ x: 'bytes of the message', y: 'units', at: sizes, lines: series }));
}
