import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { LoadedComponent } from '../../../src/component/component.ts';
import { type CommandOptions, runCommand } from '../../../src/engine/run/run-command.ts';
import { loadComponent } from '../../../src/loader/load-component.ts';
import { fixture, temporaryFolder } from '../../support/command.ts';

let component: LoadedComponent;
beforeAll(async () => {
  component = await loadComponent(fixture('command'));
});

/** Starts the program; the test controls its streams. */
function start(args: readonly string[], options: Partial<CommandOptions> = {}) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  onTestFinished(() => {
    for (const stream of Object.values(streams)) stream.destroy();
  });
  const end = runCommand({
    component,
    args: ['command.wasm', ...args],
    env: {},
    config: {},
    presets: [],
    preopens: [],
    protected: [],
    outgoing: {},
    storeUrl: 'memory:',
    storeLimits: {},
    timeout: Number.POSITIVE_INFINITY,
    log: () => {},
    ...streams,
    ...options,
  });
  return { ...streams, end };
}

/** Runs the program to its end. */
async function run(
  args: readonly string[],
  input: string | Uint8Array = '',
  options: Partial<CommandOptions> = {},
) {
  const { stdin, stdout, stderr, end } = start(args, options);
  const text = { stdout: '', stderr: '' };
  stdout.on('data', (bytes: Buffer) => {
    text.stdout += bytes.toString('latin1');
  });
  stderr.on('data', (bytes: Buffer) => {
    text.stderr += String(bytes);
  });
  stdin.end(input);
  return { end: await end, ...text };
}

const OK = { kind: 'exited', status: 0 };

describe('what the guest gets', () => {
  test('arguments, environment, configuration, folders and a store, as configured', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'note.txt'), 'written outside');
    expect((await run(['args', '-x', ''])).stdout).toBe('command.wasm\nargs\n-x\n\n');
    expect((await run(['env'], '', { env: { A: '1' } })).stdout).toBe('A=1\n');
    expect((await run(['config', 'k'], '', { config: { k: 'v' } })).stdout).toBe('Ok(Some("v"))\n');
    const preopens = [{ host: folder, guest: '/notes' }];
    expect((await run(['file', '/notes/note.txt'], '', { preopens })).stdout).toBe('written outside\n');
    const storeUrl = `sqlite:${join(folder, 'store.db')}`;
    expect((await run(['add', 'runs'], '', { storeUrl })).stdout).toBe('1\n');
    expect((await run(['add', 'runs'], '', { storeUrl })).stdout).toBe('2\n');
  });

  test('a store that cannot be opened is reported before the guest runs', async () => {
    const opening = run(['args'], '', { storeUrl: 'sqlite:/dev/null/store.db' });
    await expect(opening).rejects.toMatchObject({ code: 'store-unusable' });
  });

  test('a component that is not a program is refused, and no store is created for it', async () => {
    const storeUrl = `sqlite:${join(temporaryFolder(), 'store.db')}`;
    const server = await loadComponent(fixture('misbehave'));
    await expect(run([], '', { component: server, storeUrl })).rejects.toMatchObject({
      code: 'component-unlinkable',
    });
    expect(existsSync(storeUrl.slice('sqlite:'.length))).toBe(false);
  });
});

describe('input', () => {
  test('is read when the guest asks, and not before', async () => {
    const { stdin, stdout, end } = start(['ask', '2']);
    stdin.write('first\n');
    await new Promise((resolve) => stdout.once('readable', resolve));
    expect(String(stdout.read())).toBe('"first\\n"\n');
    stdin.end('second\n');
    expect(await end).toEqual(OK);

    const unread = start(['fail']);
    unread.stdin.write('for another program');
    await unread.end;
    expect(String(unread.stdin.read())).toBe('for another program');
  });

  test('arrives complete and unchanged, in guests that wait, that do not, and that let the host copy', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 256));
    for (const copying of ['cat', 'spliced-cat']) {
      const { end, stdout } = await run([copying], bytes);
      expect(end).toEqual(OK);
      expect(stdout === bytes.toString('latin1')).toBe(true);
    }
    expect((await run(['read-busily'], bytes)).stdout).toBe('300000 bytes, closed: true\n');
  });

  test('that fails is an error for the guest, not the end of the stream', async () => {
    const { stdin, stderr, end } = start(['cat']);
    stdin.destroy(new Error('the cable was pulled'));
    expect(await end).toMatchObject({ kind: 'trapped' });
    expect(String(stderr.read())).toContain('standard input and output work');
  });

  test('has an end that programs may read repeatedly, and that traps one in a loop', async () => {
    const questions = await run(['ask', '40'], 'one\n');
    expect(questions).toMatchObject({ end: OK, stdout: `"one\\n"\n${'""\n'.repeat(39)}` });
    const spliced = await run(['spliced-cat'], 'abc');
    expect(spliced).toMatchObject({ end: OK, stdout: 'abc', stderr: 'StreamError::Closed\n' });
    const loop = await run(['read-on'], 'abc');
    expect(loop.end).toMatchObject({
      kind: 'trapped',
      message: expect.stringContaining('standard input has ended'),
    });
    expect(loop.stderr).toBe(`3 bytes\n0 bytes\n${'StreamError::Closed\n'.repeat(100)}`);
  });
});

describe('output', () => {
  test('that nobody reads blocks the guest; when the reader closes, the guest gets an error', async () => {
    const { stdout, stderr, end } = start(['yes']);
    await new Promise((resolve) => stdout.once('readable', resolve));
    await expect.poll(() => stdout.writableLength).toBeGreaterThan(0);
    const held = (): number => stdout.readableLength + stdout.writableLength;
    expect(held()).toBeLessThan(256 * 1024);
    stdout.destroy(new Error('the reader has gone'));
    expect(await end).toEqual(OK);
    expect(String(stderr.read())).toBe('nobody reads on\n');
  });
});

describe('the end', () => {
  test('with a status, an error result or a trap', async () => {
    expect(await run(['exit', '7'])).toMatchObject({
      end: { kind: 'exited', status: 7 },
      stdout: 'leaving with 7\n',
    });
    expect((await run(['fail'])).end).toEqual({ kind: 'exited', status: 1 });
    expect((await run(['trap'])).end).toEqual({
      kind: 'trapped',
      message: expect.stringContaining('unreachable'),
    });
    const panic = await run(['panic']);
    expect(panic).toMatchObject({
      end: { kind: 'trapped' },
      stderr: expect.stringContaining('as the argument says'),
    });
  });

  test('at the time limit, whether the guest waits or spins', async () => {
    for (const [args, stdout] of [
      [['sleep'], 'asleep\n'],
      [['add-then-spin', 'k'], '1\n'],
    ] as const) {
      const limited = await run(args, '', { timeout: 500 });
      expect(limited).toMatchObject({
        stdout,
        end: { kind: 'trapped', message: expect.stringContaining('500 ms') },
      });
    }
  });

  test('at the limit of processor time, which a guest that sleeps does not use', async () => {
    const spinning = await run(['add-then-spin', 'k'], '', { cpu: 100 });
    expect(spinning.end).toEqual({
      kind: 'trapped',
      message: 'the guest used more than 100 ms of processor time (--cpu-limit)',
    });
    const asleep = await run(['sleep'], '', { cpu: 100, timeout: 1000 });
    expect(asleep.end).toEqual({ kind: 'trapped', message: 'the guest did not end within 1000 ms' });
  });
});
