import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/command.ts';
import { program } from '../support/program.ts';

const command = fixture('command');

describe('what the guest gets', () => {
  test("the component's name, then every word after it, options included", async () => {
    const { stdout } = await run(['run', command, 'args', '--env', 'A=1', '--', '-x', '']);
    expect(stdout).toBe('command.wasm\nargs\n--env\nA=1\n--\n-x\n\n');
  });

  test('variables, configuration and folders that were named, and no others', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'note.txt'), 'written outside');
    writeFileSync(join(folder, 'vars'), 'A=file\nB=file\n');
    const given = ['--env', 'A=flag', '--env-file', join(folder, 'vars'), '--config-var', 'k=v'];
    const env = await run(['run', ...given, command, 'env'], { env: { SECRET: 'of the shell' } });
    expect(env.stdout.split('\n').filter(Boolean).sort()).toEqual(['A=flag', 'B=file']);
    const config = await run(['run', ...given, command, 'config', 'k']);
    expect(config.stdout).toBe('Ok(Some("v"))\n');
    const inside = await run(['run', '--dir', `${folder}::/notes`, command, 'file', '/notes/note.txt']);
    expect(inside.stdout).toBe('written outside\n');
    const outside = await run(['run', command, 'file', join(folder, 'note.txt')]);
    expect(outside).toMatchObject({ stdout: '', stderr: expect.stringMatching(/./) });
  });

  test('a store that keeps what it counts, and no store when it needs none', async () => {
    const folder = temporaryFolder();
    const store = `sqlite:${join(folder, 'store.db')}`;
    expect((await run(['run', '--store', store, command, 'add', 'runs'])).stdout).toBe('1\n');
    expect((await run(['run', '--store', store, command, 'add', 'runs'])).stdout).toBe('2\n');
    const refused = await run(['run', '--store', 'sqlite:/dev/null/store.db', command, 'add', 'runs']);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^error: /);
  });
});

describe('standard streams', () => {
  test('bytes pass through as they are, whatever they are', async () => {
    const folder = temporaryFolder();
    const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7 + (i >> 8)) % 256));
    const copy = program(['run', command, 'cat'], { cwd: folder });
    const out: Buffer[] = [];
    copy.child.stdout
      .setEncoding('latin1')
      .on('data', (part: string) => out.push(Buffer.from(part, 'latin1')));
    copy.child.stdin.end(bytes);
    expect(await copy.finished).toMatchObject({ status: 0, stderr: '700000 bytes\n' });
    expect(Buffer.concat(out).equals(bytes)).toBe(true);
    expect(readdirSync(folder)).toEqual(['.wasmcp']);
  });

  test('a line is answered before the next one is sent', async () => {
    const ask = program(['run', command, 'ask', '2']);
    ask.child.stdin.write('first\n');
    await ask.said('"first\\n"');
    ask.child.stdin.end('second');
    expect(await ask.finished).toMatchObject({ status: 0, stdout: '"first\\n"\n"second"\n' });
  });

  test('input that the guest does not read is left for the next program', () => {
    const { stdout } = spawnSync(
      'sh',
      [
        '-c',
        '"$0" "$1" run "$2" fail; cat',
        process.execPath,
        join(import.meta.dirname, '../../bin/wasmcp-node.js'),
        command,
      ],
      { input: 'for the next one', encoding: 'utf8' },
    );
    expect(stdout).toBe('for the next one');
  });

  test('a guest that reads without waiting still comes to the end', async () => {
    const busy = program(['run', command, 'read-busily']);
    busy.child.stdin.end('hello');
    expect((await busy.finished).stdout).toBe('5 bytes, closed: true\n');
  });

  test('programs that read on after the end are told so; one that never stops is stopped', async () => {
    const questions = await run(['run', command, 'ask', '40'], { input: 'one\n' });
    expect(questions).toMatchObject({ status: 0, stdout: `"one\\n"\n${'""\n'.repeat(39)}` });
    const spliced = await run(['run', command, 'spliced-cat'], { input: 'abc' });
    expect(spliced).toMatchObject({ status: 0, stdout: 'abc', stderr: 'StreamError::Closed\n' });
    const loop = await run(['run', command, 'read-on'], { input: 'abc' });
    expect(loop.status).toBe(134);
    expect(loop.stderr).toMatch(
      /^3 bytes\n0 bytes\n(StreamError::Closed\n){100}error: .*standard input ended/,
    );
  });

  test('a reader that leaves ends a guest that prints for ever; one that pauses holds it up', async () => {
    const yes = program(['run', command, 'yes']);
    yes.child.stdout.pause();
    await new Promise((resolve) => yes.child.stdout.once('readable', resolve));
    const held = yes.text.stdout.length;
    expect(held).toBeLessThan(1024 * 1024);
    yes.child.stdout.destroy();
    expect(await yes.finished).toMatchObject({ status: 0, stderr: 'nobody reads on\n' });
  });
});

describe('the end', () => {
  test.each([
    [['exit', '7'], 7],
    [['fail'], 1],
  ])('%j has the status %i', async (args, status) => {
    expect(await run(['run', command, ...args])).toMatchObject({ status, stderr: '' });
  });

  test('a trap has the status 134 and its reason on standard error', async () => {
    const trap = await run(['run', command, 'trap']);
    expect(trap).toMatchObject({ status: 134, stdout: '' });
    expect(trap.stderr).toMatch(/^error: the guest trapped: .*unreachable/);
    const panic = await run(['run', command, 'panic']);
    expect(panic.status).toBe(134);
    expect(panic.stderr).toContain('as the argument says');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s ends a guest that spins, with the status %i, and what it wrote stays',
    async (signal, status) => {
      const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
      const spinning = program(['run', '--store', store, command, 'add-then-spin', 'runs']);
      await spinning.said('1\n');
      spinning.child.kill(signal);
      expect((await spinning.finished).status).toBe(status);
      expect((await run(['run', '--store', store, command, 'add', 'runs'])).stdout).toBe('2\n');
    },
  );

  test('a signal ends a guest whose output nobody takes', async () => {
    const yes = program(['run', command, 'yes']);
    await yes.said('y\n');
    yes.child.stdout.pause();
    yes.child.kill('SIGTERM');
    yes.child.stdout.resume();
    expect((await yes.finished).status).toBe(143);
  });

  test('--timeout ends it like a trap', async () => {
    const limited = await run(['run', '--timeout', '200ms', command, 'sleep']);
    expect(limited).toMatchObject({ status: 134, stdout: 'asleep\n' });
    expect(limited.stderr).toContain('200 ms');
  });

  test('a component without wasi:cli/run, and one that is not there, are told apart and run nothing', async () => {
    const folder = temporaryFolder();
    const server = await run(['run', fixture('misbehave')], { cwd: folder });
    expect(server.status).toBe(1);
    expect(server.stderr).toContain('is no command');
    const missing = await run(['run', 'missing.wasm'], { cwd: folder });
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('missing.wasm');
    expect(existsSync(join(folder, '.wasmcp'))).toBe(false);
  });
});

// The binary is not part of this project: WASMTIME=/path/to/wasmtime npx vitest run test/e2e/run.test.ts
describe.skipIf(process.env.WASMTIME === undefined)('beside wasmtime run', () => {
  test.each([
    [['args', '-a', '--b=c']],
    [['exit', '9']],
    [['fail']],
    [['trap']],
    [['cat']],
    [['ask', '5']],
    [['no-such-command']],
  ])('%j: the same output and status', async (args) => {
    const input = 'one\ntwo';
    const theirs = spawnSync(process.env.WASMTIME!, ['run', '-Skeyvalue,config', command, ...args], {
      input,
      encoding: 'utf8',
    });
    const ours = await run(['run', command, ...args], { input, cwd: temporaryFolder() });
    expect({ status: ours.status, stdout: ours.stdout }).toEqual({
      status: theirs.status,
      stdout: theirs.stdout,
    });
    if (ours.status !== 134) expect(ours.stderr).toBe(theirs.stderr);
  });
});
