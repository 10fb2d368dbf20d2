import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fixture, type ServeProcess, serve } from '../support/command.ts';
import { call, rawConnection, receivedRequest } from '../support/serving.ts';

function start(...args: string[]): Promise<ServeProcess> {
  return serve(fixture('http-lab'), ['--store', 'memory:', ...args]);
}

/** Resident memory of another process, in megabytes. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

test('stalled readers keep the memory bounded and delay no other client', async () => {
  const { url, pid } = await start('--workers', '1');
  await (await fetch(`${url}/globals`)).text();
  const before = memoryOf(pid);
  const stalled = await Promise.all(Array.from({ length: 20 }, () => call(`${url}/big?bytes=1000000000`)));
  // Others are served meanwhile, by the same worker.
  for (let i = 0; i < 20; i++) expect(await (await fetch(`${url}/globals`)).text()).toBe('1');
  expect(memoryOf(pid) - before).toBeLessThan(200);
  for (const { response } of stalled) response.destroy();
  expect(await (await fetch(`${url}/globals`)).text()).toBe('1');
});

test('senders whose bodies are not read keep the memory bounded', async () => {
  const { url, pid } = await start('--workers', '1', '--max-body', '1GB');
  await (await fetch(`${url}/globals`)).text();
  const before = memoryOf(pid);
  const senders = await Promise.all(Array.from({ length: 10 }, () => rawConnection(url)));
  for (const { send } of senders) {
    send('POST /read-slow?ms=60000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n');
  }
  // Each sends as fast as it may, until nothing has moved for a while.
  const piece = Buffer.alloc(1_000_000);
  await Promise.all(
    senders.map(async ({ socket }) => {
      for (let sent = 0; sent < 300; sent++) {
        if (socket.write(piece)) continue;
        const stuck = new Promise((resolve) => setTimeout(resolve, 700, true));
        if ((await Promise.race([once(socket, 'drain'), stuck])) === true) return;
      }
    }),
  );
  expect(memoryOf(pid) - before).toBeLessThan(200);
  expect(await (await fetch(`${url}/globals`)).text()).toBe('1');
});

test('an event arrives long before the next one is due, while many others wait', async () => {
  const { url } = await start('--workers', '1');
  const sleepers = await Promise.all(
    Array.from({ length: 30 }, () => receivedRequest(url, '/sleep?ms=1500')),
  );
  const events = await rawConnection(url);
  events.send('GET /sse?n=2&ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await events.receive(/^data: /m);
  for (const sleeper of sleepers) await sleeper.receive(/ 200 OK/);
});

test('what guests print is prefixed with their request, or not', async () => {
  const prefixed = await start();
  await (await fetch(`${prefixed.url}/log`)).text();
  await prefixed.stop();
  expect(prefixed.text.stdout).toMatch(/^stdout \[(\d+)\] :: out one\nstdout \[\1\] :: out two\n/);
  expect(prefixed.text.stderr).toMatch(/stderr \[\d+\] :: err without newline\n/);
  const plain = await start('--no-logging-prefix');
  await (await fetch(`${plain.url}/log`)).text();
  await plain.stop();
  expect(plain.text.stdout).toBe('out one\nout two\nout without newline\n');
});

test('a client cannot forge a line in the log', async () => {
  const { url, text } = await start();
  await fetch(`${url}/error?code=internal-error&message=${encodeURIComponent('a\nerror: forged\x1b[2J')}`);
  expect(text.stderr).toContain('internal-error: a\\x0aerror: forged\\x1b[2J\n');
  expect(text.stderr).not.toContain('\nerror: forged');
});
