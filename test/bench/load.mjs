import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Clock ticks a second in /proc/PID/stat; Linux has 100 everywhere. */
const TICKS = 100;

/** A folder for one benchmark; removed by `close`. */
export function workspace() {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-bench-'));
  return { folder, close: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What ran and where, for the head of every table. */
export async function machine(wasmtime) {
  const wrk = await run('wrk', ['-v']).then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout,
  );
  const parts = [`node ${process.version}`, `${cpus()[0].model}, ${availableParallelism()} cores`];
  if (wasmtime !== undefined) parts.push((await run(wasmtime, ['--version'])).stdout.trim());
  parts.push(/wrk \S+/.exec(wrk)?.[0] ?? 'wrk');
  return parts.join('; ');
}

export function ourCommand(component, folder, args = []) {
  return {
    command: process.execPath,
    args: [
      join(root, 'bin/wasmcp-node.js'),
      'serve',
      component,
      '--addr',
      '127.0.0.1:0',
      '--store',
      `sqlite:${join(folder, 'store.db')}`,
      // As wasmtime serves it: a session for each call would be another measurement.
      ...['--mcp', 'off'],
      ...args,
    ],
  };
}

export function wasmtimeCommand(wasmtime, component) {
  return {
    command: wasmtime,
    args: ['serve', '-Scli,http,keyvalue,config', '--addr', '127.0.0.1:0', component],
  };
}

/** Starts a server and waits for its banner. */
export async function start({ command, args, env }) {
  const started = performance.now();
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let text = '';
  const url = await new Promise((resolve, reject) => {
    child.stderr.on('data', (part) => {
      text += part;
      const banner = /Serving HTTP on (http:\S+)\/\n/.exec(text);
      if (banner !== null) resolve(banner[1]);
    });
    child.on('exit', (status) => reject(new Error(`${command} ended with ${status}: ${text}`)));
  });
  return {
    url,
    started,
    cpu() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS;
    },
    /** Resident memory in MiB. */
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024,
    async stop() {
      child.removeAllListeners('exit');
      child.kill();
      await once(child, 'close');
    },
  };
}

/** One JSON-RPC request by POST, as a script for wrk. */
export function script(folder, method, params = {}) {
  const path = join(folder, `${method.replaceAll('/', '-')}.lua`);
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  writeFileSync(
    path,
    `wrk.method = 'POST'\nwrk.path = '/mcp'\nwrk.headers['content-type'] = 'application/json'\n` +
      `wrk.headers['accept'] = 'application/json, text/event-stream'\nwrk.body = '${body}'\n`,
  );
  return path;
}

/** Requests per second and milliseconds of CPU of the server for each, over some seconds of load by wrk. */
export async function load(server, lua, connections, seconds) {
  const before = server.cpu();
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '-s',
    lua,
    `${server.url}/mcp`,
  ]);
  const count = Number(/(\d+) requests in/.exec(stdout)[1]);
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
    cost: ((server.cpu() - before) / count) * 1000,
    failed,
  };
}

export function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}
