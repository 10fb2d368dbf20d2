import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { GROUPS, type GroupName } from '../../src/options/wasmtime/groups.ts';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';
import { SHUTDOWN, shutDown, WASMTIME } from '../support/wasmtime.ts';
import { same, start, text, warningsOf } from './beside-wasmtime.ts';

describe('the output and the exit status', () => {
  test("the prefix of a guest's lines, and the status after a trap", async () => {
    const started = await start('http-lab', ['-Scli,config']);
    await same(started, '/log');
    expect(started.ours.text.stdout).toMatch(/^stdout \[0\] :: out one\n/);
    const broken = await start('misbehave', ['-Scli,keyvalue']);
    const page = await fetch(`${broken.ours.url}/trap`);
    expect(page.status).toBe(500);
    const body = await page.text();
    expect(body).toContain('wasmcp-node');
    if (broken.theirs !== undefined) {
      const theirs = await fetch(`${broken.theirs.url}/trap`);
      expect(await theirs.text()).toBe(body.replace('wasmcp-node', 'wasmtime'));
      expect(theirs.headers.get('content-type')).toBe(page.headers.get('content-type'));
    }
    await started.ours.stop();
    await started.theirs?.child.kill('SIGINT');
    if (started.theirs !== undefined) {
      await started.theirs.finished;
      // Theirs does not end a last line that the guest left open.
      expect(`${started.theirs.text.stdout}\n`).toBe(started.ours.text.stdout);
    }
  });

  test('exit 0 after SIGINT, and after a connection to --shutdown-addr, which lets requests finish', async () => {
    const started = await start('http-lab', ['-Scli,config']);
    expect(await started.ours.stop('SIGINT')).toMatchObject({ status: 0 });
    started.theirs?.child.kill('SIGINT');
    if (started.theirs !== undefined) expect(await started.theirs.finished).toMatchObject({ status: 0 });

    const { ours, theirs } = await start('http-lab', ['-Scli,config', '--shutdown-addr', '127.0.0.1:0']);
    for (const one of [ours, theirs].filter((server) => server !== undefined)) {
      const slow = await fetch(`${one.url}/stream?n=3&ms=200&size=1`);
      await shutDown(one.text.stderr);
      expect(await slow.text()).toHaveLength(3);
      expect(await one.finished).toMatchObject({ status: 0 });
      const again = connect(Number(SHUTDOWN.exec(one.text.stderr)![1]), '127.0.0.1');
      expect(await once(again, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
    }
  });

  test.each([
    [['-S', 'cli=maybe']],
    [['-Skeyvalue-in-memory-data']],
    [['-W', 'timeout=soon']],
    [['-W', 'max-memory-size=10MB']],
    [['-O', 'opt-level=9']],
    [['--idle-instance-timeout', '1x']],
    [['--addr', 'nonsense']],
    [['--shutdown-addr', 'nonsense']],
    [['--no-such-option']],
  ])('exit 2 for %j', async (words) => {
    const ours = await run(['serve', fixture('misbehave'), ...words]);
    expect(ours).toMatchObject({ status: 2, stdout: '' });
    if (WASMTIME === undefined) return;
    expect(spawnSync(WASMTIME, ['serve', ...words, fixture('misbehave')]).status).toBe(2);
  });

  test('exit 1 for a port in use, and for --shutdown-addr in use', async () => {
    const { ours, theirs } = await start('misbehave', ['-Scli,keyvalue']);
    const taken = new URL((theirs ?? ours).url).host;
    for (const flag of ['--addr', '--shutdown-addr']) {
      const free = flag === '--addr' ? [] : ['--addr', '127.0.0.1:0'];
      const words = ['serve', fixture('misbehave'), '-Scli,keyvalue', ...free, flag, taken];
      const second = await run([...words, '--store', 'memory:']);
      expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining(taken) });
      if (WASMTIME !== undefined) expect(spawnSync(WASMTIME, words).status).toBe(1);
    }
  });
});

describe('one warning reports', () => {
  test('what is not supported, with a remedy; once, even if it is given several times', async () => {
    const started = await start('misbehave', [
      '-Scli,keyvalue,inherit-network,tcp',
      '-Stcp,udp=n',
      '-Ccompiler=cranelift',
      '-Oopt-level=2,memory-init-cow=n',
      '-Daddress-map',
    ]);
    expect(warningsOf(started)).toEqual([
      'warning: -S inherit-network, -S tcp: wasi:sockets refuses every call here; guests can send HTTP requests, see --allow-outbound',
      "warning: -O opt-level, -O memory-init-cow, -C compiler: Node's V8 compiles guests and lays out their memory; leave it out",
    ]);
    expect(await same(started, '/ok')).toBe('200 ok');
  });

  test('an unknown key, which wasmtime refuses', async () => {
    const unknown = await serve(fixture('misbehave'), ['--store', 'memory:', '-Skeyvalue-redis-host=x,cli']);
    expect(unknown.text.stderr).toContain('warning: -S keyvalue-redis-host: no such key in wasmtime 48');
  });

  test('which of two contradicting options wins', async () => {
    const words = ['-W', 'timeout=10s', '--timeout', '1s', '--max-instance-reuse-count=5'];
    const both = await serve(fixture('misbehave'), ['--store', 'memory:', ...words, '--isolation', 'fresh']);
    expect(both.text.stderr).toContain('warning: -W timeout: --timeout is given too and takes precedence');
    expect(both.text.stderr).toContain(
      'warning: --max-instance-reuse-count: --isolation is given too and takes precedence',
    );
    const began = performance.now();
    expect(await text(both.url, '/sleep-forever')).toMatch(/^504 /);
    expect(performance.now() - began).toBeLessThan(9000);
  });
});

describe.skipIf(WASMTIME === undefined)('the keys that are known are those of wasmtime', () => {
  test.each(Object.keys(GROUPS) as GroupName[])('--%s', (name) => {
    const { flag, keys } = GROUPS[name];
    const { stdout } = spawnSync(WASMTIME!, ['serve', flag, 'help'], { encoding: 'utf8' });
    const theirs = [...stdout.matchAll(/^ +-. +([a-z0-9-]+)(\S*) --/gm)].map(([, key, form]) => [key, form]);
    expect(Object.entries(keys).map(([key, { form }]) => [key, form])).toEqual(theirs);
  });
});

describe('run', () => {
  const command = fixture('command');

  test('accepts what wasmtime run accepts', async () => {
    const words = [
      '-Skeyvalue,config',
      '--env',
      'A=1',
      '--env=UNSET_X',
      '-W',
      'timeout=30s',
      '--argv0',
      'other',
    ];
    const args = [...words, command, 'args', '--', '-x'];
    const ours = await run(['run', ...args], { cwd: temporaryFolder() });
    expect(ours).toMatchObject({ status: 0, stdout: 'other\nargs\n--\n-x\n' });
    expect(ours.stderr).toMatch(/^warning: --env UNSET_X: .*\n$/);
    if (WASMTIME === undefined) return;
    const theirs = spawnSync(WASMTIME, ['run', ...args], { encoding: 'utf8' });
    expect(theirs.stdout).toBe(ours.stdout);
  });

  test('refuses --invoke and --preload, which would run another program', async () => {
    const invoke = await run(['run', '--invoke', 'run()', command]);
    expect(invoke).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--invoke run()'),
    });
    const preload = await run(['run', '--preload=a=b.wasm', command]);
    expect(preload).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('--preload') });
  });
});
