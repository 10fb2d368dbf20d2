import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { fixture, temporaryFolder } from '../support/command.ts';
import { httpServer } from '../support/servers.ts';

const COMMAND = join(import.meta.dirname, '../../bin/wasmcp-node.js');
const ROUNDS = 25;
/** As `npm run test:raw` has it: jco's own glue makes an instance, and its classes, for each request. */
const rawGlue = process.env.NODE_OPTIONS?.includes('other-jco.mjs') === true;

/** See docs/decisions/requests-die-young.md: one that is made for each request keeps the request. */
test.skipIf(rawGlue)(
  'requests create no hidden classes',
  async () => {
    const folder = temporaryFolder();
    const files = (): string[] => readdirSync(folder).map((name) => join(folder, name));
    const { url, stop } = await serveLogged(folder);
    const server = await httpServer((_request, response) => response.end('ok'));
    const paths = [
      '/echo',
      `/outgoing?method=POST&url=${server.url}`,
      '/poll?n=2&ms=1',
      '/log',
      '/stream?n=2&ms=1&size=9',
    ];
    async function sweep(): Promise<void> {
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const path of paths) {
          const response = await fetch(url + path, { method: 'POST', body: 'text' });
          expect([response.status, (await response.text()).length > 0]).toEqual([200, true]);
        }
      }
    }
    await sweep();
    const sizes = new Map(files().map((file) => [file, statSync(file).size]));
    await sweep();
    await stop();
    const made = [...sizes].flatMap(([file, size]) => placesOf(readFileSync(file).subarray(size)));
    expect(sizes.size).toBeGreaterThan(1);
    expect(made).toEqual([]);
  },
  60_000,
);

/** `serve`, with one log of V8 for each thread. */
async function serveLogged(folder: string): Promise<{ url: string; stop(): Promise<unknown> }> {
  const flags = ['--log-maps', '--no-log-maps-details', '--no-log-code', '--no-log-source-code'];
  const log = ['--logfile-per-isolate', `--logfile=${join(folder, 'v8.log')}`];
  const args = [
    'serve',
    fixture('http-lab'),
    '--addr',
    '127.0.0.1:0',
    '--store',
    'memory:',
    '--workers',
    '1',
  ];
  const child = spawn(process.execPath, [...flags, ...log, COMMAND, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stderr })) {
    const [, url] = /^Serving HTTP on (\S+)\/$/.exec(line) ?? [];
    if (url === undefined) continue;
    child.stderr.resume();
    return {
      url,
      stop() {
        child.kill();
        return ended;
      },
    };
  }
  throw new Error(`serve ended with ${await ended}`);
}

/** Where classes were made in every round, as `line:column reason`. */
function placesOf(log: Buffer): string[] {
  const counts = new Map<string, number>();
  for (const line of log.toString().split('\n')) {
    const [type, kind, , , , , row, column, reason, name] = line.split(',');
    if (type !== 'map') continue;
    const place = `${row}:${column} ${kind} ${reason} ${name}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count >= ROUNDS).map(([place]) => place);
}
