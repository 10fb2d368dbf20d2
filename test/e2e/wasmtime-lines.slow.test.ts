import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { main } from '../../src/cli.ts';
import { fixture, temporaryFolder } from '../support/command.ts';
import { withoutWarning } from '../support/raw-glue.ts';
import { BANNER, SHUTDOWN, shutDown, startWasmtime, WASMTIME } from '../support/wasmtime.ts';
import { PUBLISHED_LINES } from '../support/wasmtime-lines.ts';

/** What our fixture imports; wasmtime offers no more than it is told to, and takes one name of `cli` only. */
function neededBy(line: string): string {
  return line.includes('common') ? '-Skeyvalue' : '-Scli,keyvalue';
}

/**
 * The words behind `wasmtime serve`, for a fixture of ours on a free port, which somebody has to be able to shut down. All
 * else stays as it is.
 */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word).slice(2);
  const replaced = words
    .filter((word) => !word.startsWith('--addr=') && !word.startsWith('--shutdown-addr'))
    .filter((word, i, all) => word !== '--addr' && all[i - 1] !== '--addr')
    .map((word) => (word.endsWith('.wasm') ? fixture('misbehave') : word));
  return [...replaced, '--addr', '127.0.0.1:0', '--shutdown-addr', '127.0.0.1:0'];
}

/** The command itself, without a process of its own: forty of them would take their time. */
async function serveHere(args: readonly string[]) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'].map((name) => [name, process.listeners(name)] as const);
  onTestFinished(() => {
    for (const [name, before] of signals) {
      for (const listener of process.listeners(name)) {
        if (!before.includes(listener)) process.off(name, listener);
      }
    }
  });
  let stderr = '';
  streams.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  streams.stdout.resume();
  const status = main(['serve', ...args], streams);
  while (!BANNER.test(stderr)) {
    const ended = status.then((early) => Promise.reject(new Error(`ended with ${early}: ${stderr}`)));
    await Promise.race([once(streams.stderr, 'data'), ended]);
  }
  return { url: BANNER.exec(stderr)![1]!, stderr, status };
}

async function look(url: string) {
  const response = await fetch(`${url}/ok`);
  return { status: response.status, body: await response.text() };
}

/** A folder with those that the lines speak of. */
function projectFolder(): string {
  const folder = temporaryFolder();
  for (const name of ['target/site/pkg', 'data', 'tests/test-app/static']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  return folder;
}

const home = process.cwd();

beforeEach(() => {
  onTestFinished(() => process.chdir(home));
  vi.stubEnv('WASMCP_STORE', 'memory:');
  vi.stubEnv('WASMCP_NODE_WORKERS', '1');
  vi.stubEnv('BAR', undefined);
});

describe.each(PUBLISHED_LINES)('$line', ({ line, warnings = [] }) => {
  test('serves, with the warnings that are documented and no others', async () => {
    process.chdir(projectFolder());
    const { url, stderr, status } = await serveHere(wordsOf(line));
    const said = withoutWarning(stderr)
      .split('\n')
      .filter((text) => text.startsWith('warn'));
    expect(said).toEqual(warnings.map((text) => expect.stringContaining(`warning: ${text}`)));
    expect(stderr).toMatch(SHUTDOWN);
    expect(await look(url)).toEqual({ status: 200, body: 'ok' });
    await shutDown(stderr);
    expect(await status).toBe(0);
  });

  test.skipIf(WASMTIME === undefined)('serves on wasmtime, too', async () => {
    const { url, text, finished } = await startWasmtime(['serve', neededBy(line), ...wordsOf(line)], {
      cwd: projectFolder(),
    });
    expect(await look(url)).toEqual({ status: 200, body: 'ok' });
    await shutDown(text.stderr);
    expect(await finished).toEqual({ status: 0, signal: null });
  });
});

test('there are enough lines, and no two of one source are the same', () => {
  expect(new Set(PUBLISHED_LINES.map(({ source, line }) => `${source} ${line}`)).size).toBeGreaterThanOrEqual(
    30,
  );
});
