#!/usr/bin/env node
/**
 * Milliseconds from the command to the first answer, with nothing cached (cold) and with everything that an earlier start
 * left (warm), beside `wasmtime serve` when its binary is given.
 *
 *   npm run bench:start -- [--component server.wasm] [--wasmtime PATH] [--package] [--method tools/list] [--rounds 9]
 *
 * `--package` starts what `npm run build` made of the command as well: the package has no types to take out.
 * Each round starts every server anew, one after another, so that all meet the same moods of the machine. Quote medians.
 * The operating system's cache of files is warm in both cases.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, median, ourCommand, start, wasmtimeCommand, workspace } from './load.mjs';

const { values } = parseArgs({
  options: {
    component: { type: 'string', default: join(import.meta.dirname, '../../fixtures/notes-draft.wasm') },
    wasmtime: { type: 'string' },
    package: { type: 'boolean', default: false },
    method: { type: 'string', default: 'tools/list' },
    rounds: { type: 'string', default: '9' },
  },
});

const { folder, close } = workspace();
const emptyFolder = () => mkdtempSync(join(folder, 'cache-'));

/** The command of this checkout, or as it was built, with nothing cached and with its own cache. */
function ours(name, bin) {
  const { command, args } = ourCommand(values.component, folder, ['--workers', '1']);
  const kept = emptyFolder();
  const from = (cache) => ({ command, args: [bin, ...args.slice(1)], env: { XDG_CACHE_HOME: cache } });
  return [
    { name: `${name}, cold`, command: () => from(emptyFolder()) },
    { name: `${name}, warm`, command: () => from(kept), warm: true },
  ];
}

const root = join(import.meta.dirname, '../..');
const servers = ours('checkout', join(root, 'bin/wasmcp-node.js'));
if (values.package) servers.push(...ours('package', join(root, 'dist/bin/wasmcp-node.js')));
if (values.wasmtime !== undefined) {
  const config = join(folder, 'wasmtime.toml');
  writeFileSync(config, `[cache]\ndirectory = ${JSON.stringify(mkdtempSync(join(folder, 'wasmtime-')))}\n`);
  const theirs = (...args) => {
    const { command, args: all } = wasmtimeCommand(values.wasmtime, values.component);
    return { command, args: [all[0], ...args, ...all.slice(1)] };
  };
  servers.push(
    { name: 'wasmtime serve, cold', command: () => theirs('-Ccache=n') },
    { name: 'wasmtime serve, warm', command: () => theirs(`-Ccache-config=${config}`), warm: true },
  );
}

/** Settles when the whole answer is there. */
function ask(url) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: values.method, params: {} });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  request(`${url}/mcp`, { method: 'POST', headers, agent: false }, (response) => {
    response.resume().on('end', resolve).on('error', reject);
  })
    .on('error', reject)
    .end(body);
  return promise;
}

async function once({ command }) {
  const running = await start(command());
  const banner = performance.now() - running.started;
  await ask(running.url);
  const answer = performance.now() - running.started;
  const cpu = running.cpu() * 1000;
  const memory = running.memory();
  await running.stop();
  return { banner, answer, cpu, memory };
}

try {
  console.log(await machine(values.wasmtime));
  console.log(`${values.component.split('/').at(-1)}, ${values.method}, 1 worker, ${values.rounds} rounds`);
  for (const server of servers) if (server.warm) await once(server);
  for (const server of servers) server.taken = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const server of servers) server.taken.push(await once(server));
  }
  const width = Math.max(...servers.map(({ name }) => name.length));
  console.log(`${' '.repeat(width)}  first answer (fastest to slowest)  banner     CPU  memory`);
  for (const { name, taken } of servers) {
    const list = (key) => taken.map((one) => one[key]);
    const answers = list('answer');
    const range = `(${Math.min(...answers).toFixed(0)} to ${Math.max(...answers).toFixed(0)})`;
    console.log(
      [
        name.padEnd(width),
        `${median(answers).toFixed(0).padStart(6)} ms ${range.padEnd(22)}`,
        `${median(list('banner')).toFixed(0).padStart(6)} ms`,
        `${median(list('cpu')).toFixed(0).padStart(5)} ms`,
        `${median(list('memory')).toFixed(0)} MiB`,
      ].join('  '),
    );
  }
} finally {
  close();
}
