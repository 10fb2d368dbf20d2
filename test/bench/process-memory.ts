/**
 * Memory of an idle server by number of workers and component: resident MiB, 6 s after 100 requests.
 *
 *   npm run bench:memory
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const ROOT: string = join(import.meta.dirname, '../..');
const REQUESTS = 100;
const REST = 6000;

async function measure(component: string, path: string, workers: number): Promise<number> {
  const file = join(ROOT, 'fixtures', `${component}.wasm`);
  const args = ['serve', file, '--addr=127.0.0.1:0', '--store=memory:', `--workers=${workers}`];
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, 'bin/wasmcp-node.js'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const url = await new Promise<string>((resolve) => {
      let text = '';
      child.stderr!.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const banner = /^Serving HTTP on (http:\S+)\/$/m.exec(text);
        if (banner !== null) resolve(banner[1]!);
      });
    });
    await pause(REST);
    for (let n = 0; n < REQUESTS; n++) await (await fetch(url + path)).arrayBuffer();
    await pause(REST);
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
}

for (const [component, path] of [
  ['misbehave', '/ok'],
  ['notes-draft', '/'],
] as const) {
  const size = (statSync(join(ROOT, 'fixtures', `${component}.wasm`)).size / 1024 ** 2).toFixed(1);
  for (const workers of [1, 2, 4, 8]) {
    const mebibytes = await measure(component, path, workers);
    process.stdout.write(`${component} (${size} MiB), ${workers} workers: ${mebibytes} MiB\n`);
  }
}
