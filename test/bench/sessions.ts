import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { openStore } from '../../host/index.ts';
import { main } from '../../src/cli.ts';
import { fillWithSessions, sessionId } from './session-store.ts';

/**
 * How long the commands take on a store with many sessions, without the start of the process:
 * `npm run bench:sessions -- [SESSIONS] [FILE]`. The file is made if it does not exist. With ROUND_TRIP=1 all of them are exported,
 * imported and exported again. FILE can be the URL of a store that is filled: `node test/bench/session-store.ts URL SESSIONS`.
 */

const [count = '1000000', given] = process.argv.slice(2);
const sessions = Number(count);
const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-sessions-'));
const file = given ?? join(folder, 'store.db');
const url = /^\w+:\/\//.test(file) ? file : `sqlite:${file}`;

interface Taken {
  readonly lines: number;
  /** Milliseconds until the first line, and in all. */
  readonly first: number;
  readonly all: number;
  readonly sha: string;
}

/** Runs a command in this process; `stopAfter` closes its output after so many lines, as `head` does. */
async function run(
  args: readonly string[],
  input?: NodeJS.ReadableStream,
  stopAfter?: number,
): Promise<Taken> {
  const began = performance.now();
  const hash = createHash('sha256');
  let first = 0;
  let lines = 0;
  const stdout = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      if (lines === 0) first = performance.now() - began;
      lines += 1;
      hash.update(chunk);
      done(lines === stopAfter ? new Error('the reader has gone') : undefined);
    },
  });
  stdout.on('error', () => {});
  const stdin = (input ?? new PassThrough().end()) as PassThrough;
  const status = await main(args, { stdin, stdout, stderr: new PassThrough().resume() });
  if (status !== 0) throw new Error(`${args.join(' ')} returned ${status}`);
  return { lines, first, all: performance.now() - began, sha: hash.digest('hex') };
}

let largest = 0;
const watching = setInterval(() => {
  largest = Math.max(largest, process.memoryUsage.rss());
}, 20);

async function report(name: string, ...args: Parameters<typeof run>): Promise<Taken> {
  largest = 0;
  const taken = await run(...args);
  const { lines, first, all } = taken;
  const memory = Math.round(Math.max(largest, process.memoryUsage.rss()) / 2 ** 20);
  console.log(
    `${name}: ${lines} lines, first after ${first.toFixed(1)} ms, all after ${all.toFixed(1)} ms, ${memory} MiB`,
  );
  return taken;
}

async function compare(): Promise<void> {
  const copy = join(folder, 'copy.db');
  const exported = join(folder, 'sessions.jsonl');
  const to = createWriteStream(exported);
  const began = performance.now();
  largest = 0;
  await main(['sessions', 'export', '--store', url], {
    stdin: new PassThrough().end(),
    stdout: to,
    stderr: process.stderr,
  });
  await new Promise((resolve) => to.end(resolve));
  console.log(
    `export: ${((performance.now() - began) / 1000).toFixed(1)} s, ${Math.round(largest / 2 ** 20)} MiB`,
  );
  await report('import', ['sessions', 'import', '--store', `sqlite:${copy}`], createReadStream(exported));
  const again = await run(['sessions', 'export', '--store', `sqlite:${copy}`]);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(exported)) hash.update(chunk as Buffer);
  console.log(
    `the export of the copy is ${again.sha === hash.digest('hex') ? 'equal' : 'DIFFERENT'}, ${again.lines} lines`,
  );
}

try {
  if (url !== file && !existsSync(file)) {
    const store = await openStore(url, { durability: 'process' });
    await fillWithSessions(store, { sessions, expired: sessions * 0.9, subjects: sessions / 20 });
    await store.close();
  }
  // Loads the code of the commands.
  await run(['sessions', 'list', '--store', url, '--limit', '1']);
  await run(['kv', 'keys', 'default', '--store', url, '--limit', '1']);
  const id = sessionId(Math.floor(sessions / 2));
  await report('sessions list --limit 100', ['sessions', 'list', '--store', url, '--limit', '100']);
  await report('sessions list, closed after 100', ['sessions', 'list', '--store', url], undefined, 100);
  await report('sessions show', ['sessions', 'show', id, '--store', url]);
  await report('kv keys --prefix, 100', [
    'kv',
    'keys',
    'default',
    '--store',
    url,
    '--prefix',
    id.slice(0, 3),
    '--limit',
    '100',
  ]);
  await report('sessions list --subject', ['sessions', 'list', '--store', url, '--subject', 'user-77']);
  await report(
    'the same, closed after the first',
    ['sessions', 'list', '--store', url, '--subject', 'user-77'],
    undefined,
    1,
  );
  for (const sort of ['updated', 'created', 'size']) {
    const args = ['sessions', 'list', '--store', url, '--sort', sort, '--limit', '100'];
    await report(`sessions list --sort ${sort} --limit 100`, args);
    for (const state of ['live', 'ended', 'expired'])
      await report(`the same with --state ${state}`, [...args, '--state', state]);
  }
  if (process.env.ROUND_TRIP) await compare();
} finally {
  clearInterval(watching);
  rmSync(folder, { recursive: true, force: true });
}
