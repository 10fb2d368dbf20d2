import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Finished, fixture, run, serve, temporaryFolder } from '../support/command.ts';

const NOTES = fixture('notes-draft');

/** Runs `serve` in an empty folder and expects one message, quickly, and nothing left behind. */
async function refused(
  args: readonly string[],
  {
    folder = temporaryFolder(),
    status = 1,
    env = {},
  }: { folder?: string; status?: number; env?: Record<string, string> } = {},
): Promise<Finished> {
  const before = readdirSync(folder);
  const result = await run(['serve', '--addr', '127.0.0.1:0', ...args], { cwd: folder, env });
  expect(result).toMatchObject({ status, stdout: '' });
  expect(result.stderr).toMatch(/^error: .+\n( {2}- .+\n)*$/);
  expect(result.stderr).not.toContain('Serving HTTP');
  expect(readdirSync(folder)).toEqual(before);
  return result;
}

describe('a component that cannot be served', () => {
  async function refusedFile(content: string | Uint8Array): Promise<Finished> {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'server.wasm'), content);
    return refused(['server.wasm'], { folder });
  }

  test('a missing file', async () => {
    expect((await refused(['nowhere.wasm'])).stderr).toContain('nowhere.wasm');
  });

  test('a folder', async () => {
    const folder = temporaryFolder();
    await mkdir(join(folder, 'server.wasm'));
    expect((await refused(['server.wasm'], { folder })).stderr).toContain('folder');
  });

  test('an empty file', async () => {
    expect((await refusedFile('')).stderr).toContain('empty');
  });

  test('text', async () => {
    expect((await refusedFile('#!/bin/sh\necho hello\n')).stderr).toContain('server.wasm');
  });

  test('a core module', async () => {
    expect((await refusedFile(await parse('(module)'))).stderr).toContain('core module');
  });

  test('a truncated component', async () => {
    const whole = await readFile(NOTES);
    const { stderr } = await refusedFile(whole.subarray(0, whole.length / 2));
    expect(stderr).toMatch(/truncated|cut|ends/);
  });

  test('a file of 500 MB', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'server.wasm'), await readFile(NOTES));
    truncateSync(join(folder, 'server.wasm'), 500 * 1000 ** 2);
    expect((await refused(['server.wasm'], { folder })).stderr).toContain('limit');
  });

  test('a component without an incoming handler', async () => {
    expect((await refusedFile(await parse('(component)'))).stderr).toContain('wasi:http/incoming-handler');
  });

  test('unsatisfied imports, all of them in one message', async () => {
    const component = await parse(`(component
      (import "acme:billing/ledger@1.0.0" (instance (export "charge" (func))))
      (import "wasi:keyvalue/store@0.9.0" (instance (export "open" (func))))
    )`);
    const { stderr } = await refusedFile(component);
    expect(stderr).toContain('acme:billing/ledger@1.0.0');
    expect(stderr).toContain('wasi:keyvalue/store@0.9.0');
  });

  test('hostile names that would reach generated code', async () => {
    const component = await parse(`(component
      (core module $m (func (export "a\`; evil()\`")))
      (core instance $i (instantiate $m))
      (alias core export $i "a\`; evil()\`" (core func)))`);
    expect((await refusedFile(component)).stderr).toContain('name');
  });
});

test('a port in use: no store is created', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void holder.close());
  await new Promise((resolve) => holder.on('listening', resolve));
  const { port } = holder.address() as { port: number };
  const { stderr } = await refused([NOTES, '--addr', `127.0.0.1:${port}`]);
  expect(stderr).toContain(`127.0.0.1:${port}`);
});

describe('a store that cannot be used', () => {
  test('in a folder that may not be written', async () => {
    const folder = temporaryFolder();
    const locked = process.getuid?.() === 0 ? '/sys' : join(folder, 'locked');
    if (locked !== '/sys') {
      await mkdir(locked);
      await chmod(locked, 0o500);
    }
    const { stderr } = await refused([NOTES, '--store', `sqlite:${locked}/wasmcp/store.db`], { folder });
    expect(stderr).toContain(locked);
  });

  test('that is not a database', async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'store.db'),
      'this was never a database, only a text that is long enough to be read as a header of one\n',
    );
    const { stderr } = await refused([NOTES, '--store', 'sqlite:store.db'], { folder });
    expect(stderr).toContain('store.db');
    expect(await readFile(join(folder, 'store.db'), 'utf8')).toContain('never a database');
  });

  test('of a newer version', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'store.db');
    const first = await serve(NOTES, ['--store', `sqlite:${path}`]);
    await first.stop();
    const database = new Database(path);
    database.pragma('user_version = 9999');
    database.pragma('journal_mode = DELETE');
    database.close();
    const bytes = await readFile(path);
    const { stderr } = await refused([NOTES, '--store', 'sqlite:store.db'], { folder });
    expect(stderr).toMatch(/newer/);
    expect(await readFile(path)).toEqual(bytes);
  });

  test('of an unknown kind', async () => {
    expect((await refused([NOTES, '--store', 'mongodb://localhost'], { status: 2 })).stderr).toContain(
      'mongodb',
    );
  });
});

describe('wrong usage', () => {
  test.each([
    ['an unknown option', ['--colour', 'green'], '--colour'],
    ['an --env without a name', ['--env', '=x'], '--env'],
    ['an address without a port', ['--addr', 'localhost'], '--addr'],
    ['an invalid port', ['--addr', 'localhost:99999'], '--addr'],
    ['an invalid duration', ['--timeout', 'soon'], '--timeout'],
    ['no workers', ['--workers', '0'], '--workers'],
  ])('%s', async (_, args, named) => {
    expect((await refused([NOTES, ...args], { status: 2 })).stderr).toContain(named);
  });

  test('a bad value in the environment is reported with its flag', async () => {
    const { stderr } = await refused([NOTES], { status: 2, env: { WASMCP_NODE_TIMEOUT: 'soon' } });
    expect(stderr).toContain('--timeout');
  });

  test('a missing --env-file', async () => {
    // Node reads this flag itself, wherever it stands, before any program runs: status 9 is its own.
    const { status, stderr } = await run(['serve', NOTES, '--env-file', 'no.env']);
    expect(status).toBe(9);
    expect(stderr).toContain('no.env');
  });

  test('no component', async () => {
    const { status, stderr } = await run(['serve']);
    expect(status).toBe(2);
    expect(stderr).toContain('component');
  });
});

test('help goes to stdout and shows examples', async () => {
  const { status, stdout } = await run(['serve', '--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('wasmcp-node serve server.wasm');
});

test('a component without a command before it', async () => {
  expect(await run(['my server.wasm', '--addr', '127.0.0.1:0'])).toEqual({
    status: 2,
    stdout: '',
    stderr: "error: unknown command 'my server.wasm'\n(Did you mean serve 'my server.wasm'?)\n",
  });
});
