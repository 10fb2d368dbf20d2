import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/command.ts';
import { program } from '../support/program.ts';
import { rawGlue } from '../support/raw-glue.ts';

const COMMAND = join(import.meta.dirname, '../../bin/wasmcp-node.js');
const command = fixture('command');

test('options before the component are options of the command, every word after it goes to the guest', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'vars'), 'A=file\nB=file\n');
  const given = ['--env', 'A=flag', '--env-file', join(folder, 'vars')];
  const args = await run(['run', ...given, command, 'args', '--env', 'A=1', '--', '-x']);
  expect(args).toMatchObject({ status: 0, stdout: 'command.wasm\nargs\n--env\nA=1\n--\n-x\n', stderr: '' });
  const env = await run(['run', ...given, command, 'env'], { env: { SECRET: 'of the shell' } });
  expect(env.stdout.split('\n').filter(Boolean).sort()).toEqual(['A=flag', 'B=file']);
});

describe('standard streams', () => {
  test.each([
    ['first', ['A=', 'B=x', 'C=y']],
    ['in the middle', ['B=x', 'A=', 'C=y']],
    ['last', ['B=x', 'C=y', 'A=']],
    ['alone', ['A=']],
  ])('an empty variable reaches a guest of the preview 1 adapter, %s', async (_, variables) => {
    const given = variables.flatMap((variable) => ['--env', variable]);
    const { stdout } = await run(['run', ...given, command, 'env']);
    expect(stdout.split('\n').filter(Boolean)).toEqual(variables);
  });

  test('all bytes pass through pipes unchanged', async () => {
    const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7 + (i >> 8)) % 256));
    const copy = program(['run', '--store', 'memory:', command, 'cat']);
    const out: Buffer[] = [];
    copy.child.stdout
      .setEncoding('latin1')
      .on('data', (part: string) => out.push(Buffer.from(part, 'latin1')));
    copy.child.stdin.end(bytes);
    expect(await copy.finished).toMatchObject({ status: 0, stderr: '700000 bytes\n' });
    expect(Buffer.concat(out).equals(bytes)).toBe(true);
  });

  test('input that the guest does not read is left for the next program', () => {
    const script = '"$0" "$1" run --store memory: "$2" args; cat';
    const { stdout } = spawnSync('sh', ['-c', script, process.execPath, COMMAND, command], {
      input: 'for the next one',
      encoding: 'utf8',
    });
    expect(stdout).toBe('command.wasm\nargs\nfor the next one');
  });

  test('a reader that leaves ends a guest that prints forever', async () => {
    const yes = program(['run', '--store', 'memory:', command, 'yes']);
    await yes.said('y\n');
    yes.child.stdout.destroy();
    expect(await yes.finished).toMatchObject({ status: 0, stderr: 'nobody reads on\n' });
  });
});

describe('the exit status', () => {
  test("is the guest's, or 134 after a trap with the reason on standard error", async () => {
    const exit = await run(['run', '--store', 'memory:', command, 'exit', '7']);
    expect(exit).toMatchObject({ status: 7, stderr: '' });
    const trap = await run(['run', '--store', 'memory:', command, 'trap']);
    expect(trap).toMatchObject({ status: 134, stdout: '' });
    expect(trap.stderr).toMatch(/^error: the guest trapped: .*unreachable/);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a guest that spins: %i, and what it wrote stays', async (signal, status) => {
    const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
    const spinning = program(['run', '--store', store, command, 'add-then-spin', 'runs']);
    await spinning.said('1\n');
    spinning.child.kill(signal);
    expect((await spinning.finished).status).toBe(status);
    expect((await run(['run', '--store', store, command, 'add', 'runs'])).stdout).toBe('2\n');
  });

  test('is 143 after SIGTERM to a guest whose output is not read', async () => {
    const yes = program(['run', '--store', 'memory:', command, 'yes']);
    await yes.said('y\n');
    yes.child.stdout.pause();
    yes.child.kill('SIGTERM');
    const [status] = await once(yes.child, 'exit');
    expect(status).toBe(143);
  });

  // Raw glue refuses it.
  test.skipIf(rawGlue)(
    'is 134 for a guest that has used up its fuel, and its output is the same each time',
    async () => {
      const yes = ['run', '--store', 'memory:', '-W', 'fuel=1000000', command, 'yes'];
      const runs = await Promise.all([run(yes), run(yes), run(yes)]);
      for (const ended of runs) {
        expect(ended).toMatchObject({
          status: 134,
          stderr: 'error: the guest used up its fuel of 1000000 units (--fuel)\n',
        });
        expect(ended.stdout.length).toBeGreaterThan(1000);
      }
      expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
      const args = await run(['run', '-W', 'fuel=1000000', command, 'args']);
      expect(args).toMatchObject({ status: 0, stdout: 'command.wasm\nargs\n' });
    },
  );

  test('is 134 for a guest that has used up its processor time, however it used it', async () => {
    const line = 'error: the guest used more than 200 ms of processor time (--cpu-limit)\n';
    const limited = ['run', '--store', 'memory:', '--cpu-limit', '200ms', command];
    const [spinning, calling] = await Promise.all([
      run([...limited, 'add-then-spin', 'runs']),
      run([...limited, 'yes']),
    ]);
    expect(spinning).toMatchObject({ status: 134, stdout: '1\n', stderr: line });
    expect(calling).toMatchObject({ status: 134, stderr: line });
    expect(calling.stdout.length).toBeGreaterThan(1000);
    expect(await run([...limited, 'args'])).toMatchObject({ status: 0, stdout: 'command.wasm\nargs\n' });
  });

  test('is 1 for a component that is not a program, without a warning about how it would run', async () => {
    const server = await run(['run', fixture('misbehave')], { wholeOutput: true });
    expect(server).toMatchObject({ status: 1, stdout: '' });
    expect(server.stderr).toMatch(/^error: .+\n {2}- it is no command: .+\n$/);
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
