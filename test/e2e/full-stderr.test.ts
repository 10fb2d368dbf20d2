import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fixture, temporaryFolder } from '../support/command.ts';
import { rawConnection, receivedRequest } from '../support/serving.ts';

const COMMAND = join(import.meta.dirname, '../../bin/wasmcp-node.js');
const { O_RDONLY, O_RDWR, O_NONBLOCK } = constants;
/** Where a process may hold both ends of a named pipe. */
const onLinux = test.skipIf(process.platform !== 'linux');

interface FullLog {
  readonly child: ChildProcess;
  readonly url: string;
}

/** A server whose stderr is a pipe without room for one more byte, and with a line that waits for room. */
async function serve(...options: readonly string[]): Promise<FullLog> {
  const path = join(temporaryFolder(), 'stderr');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, O_RDWR | O_NONBLOCK);
  onTestFinished(() => closeSync(pipe));
  const reader = new Socket({ fd: openSync(path, O_RDONLY | O_NONBLOCK), writable: false });
  const args = [COMMAND, 'serve', fixture('misbehave'), '--addr', '127.0.0.1:0', '--store', 'memory:'];
  const child = spawn(process.execPath, [...args, ...options], { stdio: ['ignore', 'ignore', pipe] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = await banner(reader);
  reader.destroy();
  fill(pipe);
  expect((await fetch(`${url}/trap`)).status).toBe(500);
  return { child, url };
}

async function banner(reader: Socket): Promise<string> {
  let text = '';
  for await (const chunk of reader.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const match = /^Serving HTTP on (http:\S+)\/$/m.exec(text);
    if (match !== null) return match[1]!;
  }
  throw new Error(`no banner in ${JSON.stringify(text)}`);
}

function fill(pipe: number): void {
  for (const chunk of [Buffer.alloc(4096, '.'), Buffer.from('.')]) {
    expect(() => {
      for (;;) writeSync(pipe, chunk);
    }).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  }
}

onLinux(
  'a log that nobody reads keeps no process alive for longer than --drain',
  async () => {
    const { child } = await serve('--drain', '300ms');
    const began = performance.now();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(performance.now() - began).toBeLessThan(15_000);
  },
  40_000,
);

onLinux(
  'a log that nobody reads does not delay the end that a second signal asks for',
  async () => {
    const { child, url } = await serve('--drain', '60s');
    await receivedRequest(url, '/sleep-forever');
    const idle = await rawConnection(url);
    child.kill('SIGTERM');
    await idle.end();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([143, null]);
  },
  40_000,
);
