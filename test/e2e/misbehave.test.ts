import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fixture, type ServeProcess, serve } from '../support/command.ts';
import { RAW_GLUE_PATIENCE, rawGlue } from '../support/raw-glue.ts';
import { call } from '../support/serving.ts';

function start(...args: string[]): Promise<ServeProcess> {
  return serve(fixture('misbehave'), ['--store', 'memory:', '--workers', '1', ...args]);
}

/** Resident memory of another process, in megabytes. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

async function status(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

// jco's own glue has other words for traps than V8.
const UNREACHABLE = /the guest trapped: (unreachable|wasm trap: wasm `unreachable` instruction executed)$/;
const OVERFLOW =
  /the guest trapped: (Maximum call stack size exceeded|memory access out of bounds|wasm trap: (call stack exhausted|out of bounds memory access))$/;

test('whatever a guest does, only its own request fails, with one line on stderr', async () => {
  const { url, text } = await start();
  const cases: [path: string, reason: RegExp][] = [
    ['/trap', UNREACHABLE],
    ['/panic', UNREACHABLE],
    ['/recurse', OVERFLOW],
    ['/exit?code=0', /the guest exited with status 0 before its response was complete$/],
    ['/exit?code=3', /the guest exited with status \d+ before its response was complete$/],
    ['/no-answer', /the guest returned without a response$/],
    ['/use-after-drop', /the guest trapped: .+$/],
    ['/forged-handle', /the guest trapped: .+$/],
    ['/invalid-utf8-key', /the guest trapped: .+$/],
    ['/set-then-trap?key=kept', UNREACHABLE],
  ];
  for (const [path, reason] of cases) {
    const before = text.stderr.length;
    const response = await fetch(url + path);
    const page = expect.stringContaining('<h1>500 Internal Server Error</h1>');
    expect([path, response.status, await response.text()]).toEqual([path, 500, page]);
    expect(await status(`${url}/ok`)).toBe(200);
    const lines = text.stderr
      .slice(before)
      .split('\n')
      .filter((line) => line.startsWith('error: '));
    expect(lines).toEqual([expect.stringMatching(reason)]);
    expect(lines[0]).toContain(`error: GET ${path.split('?')[0]}: `);
  }
  expect(text.stderr).toContain('stderr [');
  expect(text.stderr).toContain('as the route says');
  expect(await (await fetch(`${url}/kv?key=kept`)).text()).toBe('set');
  expect(await (await fetch(`${url}/bom-key`)).text()).toBe('two keys');
});

test('an aborted response is never mistaken for a complete one', async () => {
  const { url, text } = await start();
  for (const path of ['/abandon-body', '/trap-after-start']) {
    const { response, body } = await call(url + path);
    if (response.statusCode === 200) await expect(body(), path).rejects.toThrow('aborted');
    else expect([path, response.statusCode]).toEqual([path, 500]);
    expect(await status(`${url}/ok`)).toBe(200);
    expect(text.stderr).toContain(`error: GET ${path}: the guest `);
  }
});

test('a second response does not affect the first', async () => {
  const { url, text } = await start();
  // The first one has no body: it may have left by then.
  expect([200, 500]).toContain(await status(`${url}/answer-twice`));
  expect(await status(`${url}/ok`)).toBe(200);
  expect(text.stderr).toContain('error: GET /answer-twice: the guest trapped: ');
});

test('guests that hang or spin are ended at the limit, even many more of them than may be alive', async () => {
  const seconds = rawGlue ? RAW_GLUE_PATIENCE : 3;
  const { url, text } = await start('--timeout', `${seconds}s`);
  // Three times what one worker lets live: were they still there, the next round would wait in vain.
  for (let round = 0; round < 3; round++) {
    const statuses = await Promise.all(Array.from({ length: 64 }, () => status(`${url}/sleep-forever`)));
    expect(new Set(statuses)).toEqual(new Set([504]));
  }
  expect(await status(`${url}/ok`)).toBe(200);
  expect(text.stderr).toContain(
    `error: GET /sleep-forever: the guest did not respond within ${1000 * seconds} ms`,
  );
});

test('a guest that spins is ended, and nothing else', async () => {
  const seconds = rawGlue ? 4 * RAW_GLUE_PATIENCE : 4;
  const { url, text } = await start('--timeout', `${seconds}s`);
  expect(await status(`${url}/spin-calls`)).toBe(504);
  expect(await status(`${url}/ok`)).toBe(200);
  expect(text.stderr).toContain(
    `error: GET /spin-calls: the guest did not respond within ${1000 * seconds} ms`,
  );
});

test('memory does not grow with the number of requests, nor with handles that are leaked', async () => {
  const { url, pid } = await start();
  const requests = async (count: number, path: string): Promise<void> => {
    const one = async (): Promise<void> => {
      for (let i = 0; i < count / 8; i++) expect(await status(url + path)).toBe(200);
    };
    await Promise.all(Array.from({ length: 8 }, one));
  };
  await requests(400, '/leak?n=50');
  await requests(400, '/ok');
  const before = memoryOf(pid);
  await requests(400, '/leak?n=50');
  await requests(1600, '/ok');
  // An instance has more than a megabyte: kept ones would be gigabytes.
  expect(memoryOf(pid) - before).toBeLessThan(200);
});

test('a flood of output to a stalled reader makes the guest wait, and memory does not grow', async () => {
  const { url, pid, child } = await start('--timeout', '3s');
  await status(`${url}/ok`);
  child.stdout!.pause();
  const before = memoryOf(pid);
  expect(await status(`${url}/flood?bytes=200000000`)).toBe(504);
  // The guest itself has 200 of them; another copy would be as many.
  expect(memoryOf(pid) - before).toBeLessThan(320);
  expect(await status(`${url}/ok`)).toBe(200);
});

test('a flood of output without a reader does not stop the server', async () => {
  const { url, child } = await start();
  child.stdout!.destroy();
  child.stderr!.destroy();
  expect(await status(`${url}/flood?bytes=1000000`)).toBe(200);
  expect(await status(`${url}/panic`)).toBe(500);
  expect(await status(`${url}/ok`)).toBe(200);
});
