import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, temporaryFolder } from '../../support/command.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { listen } from '../../support/serving.ts';
import { thisThread } from '../../support/this-thread.ts';
import { ask, status } from './asking.ts';

describe('the queue', () => {
  test('is bounded: one more request gets 503 with Retry-After', async () => {
    const { server } = await listen('http-lab', { liveLimit: 2, queueLimit: 3 });
    const slow = Array.from({ length: 5 }, () => status(server, '/sleep?ms=150'));
    const refused = await ask(server, '/globals');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await Promise.all(slow)).toEqual([200, 200, 200, 200, 200]);
  });

  test('returns 503 once the time of a request is over', async () => {
    const { server } = await listen('http-lab', { liveLimit: 1, timeout: 600 });
    const first = ask(server, '/stream?n=10&ms=100&size=1');
    expect(await status(server, '/globals')).toBe(503);
    expect((await (await first).text()).length).toBe(10);
  });

  test('counts towards the timeout of a request', async () => {
    const { server, errors } = await listen('http-lab', { liveLimit: 1, timeout: 1500 });
    const [first, second] = [ask(server, '/sleep?ms=1000'), ask(server, '/sleep?ms=1000')];
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(504);
    expect(errors()).toEqual(['error GET /sleep: the guest did not respond within 1500 ms']);
  });

  test('drops requests whose clients disconnect: they take no place and never run', async () => {
    const { server } = await listen('kv-draft', { liveLimit: 1, queueLimit: 2 });
    const lab = new AbortController();
    const held = new ReadableStream<Uint8Array>({
      start: (controller) => void lab.signal.addEventListener('abort', () => controller.close()),
    });
    const busy = ask(server, '/set?key=busy', { method: 'POST', body: held, duplex: 'half' } as RequestInit);
    const leaver = new AbortController();
    const left = [1, 2].map((n) =>
      ask(server, `/set?key=left${n}`, { signal: leaver.signal }).catch(() => 'left'),
    );
    expect(await status(server, '/exists?key=x')).toBe(503);
    leaver.abort();
    expect(await Promise.all(left)).toEqual(['left', 'left']);
    const [queued] = [ask(server, '/exists?key=left1'), lab.abort()];
    expect((await busy).status).toBe(200);
    expect(await (await queued).text()).toBe('false');
  });
});

test.skipIf(thisThread)('requests spread over the workers', async () => {
  const { server } = await listen('misbehave', { workers: 2, liveLimit: 1 });
  const spinner = status(server, '/spin');
  for (let i = 0; i < 3; i++) expect(await status(server, '/ok')).toBe(200);
  await server.close(0);
  expect(await spinner).toBe(502);
});

/** Guests on the caller's thread are started with the server, or not at all. */
test.skipIf(thisThread)('the start of a worker is retried until it succeeds', async () => {
  const folder = temporaryFolder();
  const { server, logged } = await listen('misbehave', {
    workers: 2,
    liveLimit: 1,
    queueLimit: 0,
    directories: [{ host: folder, guest: '/data' }],
  });
  // The first worker is ready, the second one is about to start.
  rmSync(folder, { recursive: true });
  expect(await logged(/^error engine:/)).toContain(folder);
  const held = status(server, '/sleep-forever');
  expect(await status(server, '/ok')).toBe(503);
  mkdirSync(folder);
  while ((await status(server, '/ok')) !== 200) await pause(10);
  await server.close(0);
  expect(await held).toBe(502);
});

test.skipIf(rawGlue)(
  'a server that is closed while workers are busy or starting leaves nothing running',
  async () => {
    const program = `
    import { createServer, loadComponent } from ${JSON.stringify(join(import.meta.dirname, '../../../src/index.ts'))};
    const server = createServer(await loadComponent(${JSON.stringify(fixture('misbehave'))}), { store: 'memory:' });
    await server.listen(0);
    const ask = async (path) => (await server.fetch(new Request('http://localhost' + path))).status;
    const loop = ask('/spin');
    const behind = await ask('/ok');
    await Promise.all([server.close(0), server.close(0)]);
    console.log(behind, await loop);
  `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
    onTestFinished(() => void child.kill('SIGKILL'));
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(text).toBe('200 502\n');
  },
);
