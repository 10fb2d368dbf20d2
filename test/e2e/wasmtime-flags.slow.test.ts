import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GROUPS, type GroupName } from '../../src/options/wasmtime/groups.ts';
import { fixture, run, type ServeProcess, serve, temporaryFolder } from '../support/command.ts';
import { SHUTDOWN, shutDown, startWasmtime, WASMTIME, type Wasmtime } from '../support/wasmtime.ts';

interface Started {
  readonly ours: ServeProcess;
  /** What wasmtime serves by the same words, where it is given. */
  readonly theirs: Wasmtime | undefined;
}

/** The same words for both, a store that keeps nothing for ours. */
async function start(
  name: string,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Started> {
  const ours = await serve(fixture(name), words, { env: { ...env, WASMCP_STORE: 'memory:' } });
  const theirs =
    WASMTIME === undefined
      ? undefined
      : await startWasmtime(['serve', fixture(name), '--addr', '127.0.0.1:0', ...words], { env });
  return { ours, theirs };
}

async function text(url: string, path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(url + path, init);
  return `${response.status} ${await response.text()}`;
}

/** What ours answers, which wasmtime has to answer too. */
async function same({ ours, theirs }: Started, path: string, init?: RequestInit): Promise<string> {
  const answer = await text(ours.url, path, init);
  if (theirs !== undefined) expect(await text(theirs.url, path, init)).toBe(answer);
  return answer;
}

function warningsOf({ ours }: Started): string[] {
  return ours.text.stderr.split('\n').filter((line) => line.startsWith('warning: '));
}

describe('an option has the same effect as in wasmtime', () => {
  test('-S config-var, --env, inherit-env', async () => {
    const words = ['-Scli,config', '-S', 'config-var=a=b=c', '--wasi=config-var=d=', '-Sinherit-env'];
    const env = { OF_THE_SHELL: 'yes', OVERRIDDEN: 'shell' };
    const started = await start('http-lab', [...words, '--env', 'OVERRIDDEN=flag', '--env=UNSET_X'], env);
    expect(await same(started, '/config?key=a')).toBe('200 b=c');
    expect(await same(started, '/config?key=d')).toBe('200 ');
    for (const { url } of [started.ours, started.theirs].filter((one) => one !== undefined)) {
      const lines = (await text(url, '/env')).split('\n');
      expect(lines).toEqual(expect.arrayContaining(['OF_THE_SHELL=yes', 'OVERRIDDEN=flag']));
      expect(lines.some((line) => line.startsWith('UNSET_X'))).toBe(false);
    }
    expect(warningsOf(started)).toEqual([expect.stringMatching(/^warning: --env UNSET_X: /)]);
  });

  test('--env with an empty value, in any position', async () => {
    const variables = ['A=', 'B=x', 'C=', 'D=y', 'E='];
    const words = ['-Scli', ...variables.map((variable) => `--env=${variable}`)];
    const started = await start('http-lab', words);
    const lines = (await same(started, '/env')).replace('200 ', '').split('\n');
    expect(lines.slice(0, variables.length)).toEqual(variables);
  });

  test('-S keyvalue-in-memory-data is set at the start', async () => {
    const started = await start('kv-draft', [
      '-Scli,keyvalue,keyvalue-in-memory-data=hello=world',
      '-Skeyvalue-in-memory-data=n=41',
    ]);
    expect(await same(started, '/get?key=hello')).toBe('200 world');
    expect(await same(started, '/increment?key=n')).toBe('200 42');
    expect(warningsOf(started)).toEqual([]);
  });

  test('existing keys of the store are not overwritten', async () => {
    const store = ['--store', `sqlite:${join(temporaryFolder(), 'store.db')}`, '--preset', 'n=1'];
    const first = await serve(fixture('kv-draft'), store);
    expect(await text(first.url, '/increment?key=n')).toBe('200 2');
    await first.stop();
    const second = await serve(fixture('kv-draft'), [...store, '--preset', 'm=7']);
    expect(await text(second.url, '/get?key=n')).toBe('200 2');
    expect(await text(second.url, '/get?key=m')).toBe('200 7');
  });

  test('--header replaces headers of a request', async () => {
    const file = join(temporaryFolder(), 'headers');
    writeFileSync(file, 'x-from-file:  1\n\nX-Twice: a\n');
    const words = ['-Scli,config', '-H', 'x-twice: b', `--header=@${file}`, '-H', 'Host: other.example'];
    const started = await start('http-lab', words);
    const init = { headers: { 'x-twice': 'mine', 'x-kept': 'yes' } };
    for (const { url } of [started.ours, started.theirs].filter((one) => one !== undefined)) {
      const lines = (await text(url, '/echo', init)).toLowerCase().split('\n');
      expect(lines).toEqual(
        expect.arrayContaining(['authority: other.example', 'x-from-file: 1', 'x-kept: yes']),
      );
      expect(lines.filter((line) => line.startsWith('x-twice:'))).toEqual(['x-twice: b', 'x-twice: a']);
    }
  });

  test('--max-instance-reuse-count', async () => {
    const started = await start('http-lab', ['-Scli,config', '--max-instance-reuse-count', '2']);
    const seen = [await same(started, '/globals'), await same(started, '/globals')];
    expect([...seen, await same(started, '/globals')]).toEqual(['200 1', '200 2', '200 1']);
  });

  test('-W max-memory-size, and the same in a TOML file', async () => {
    const config = join(temporaryFolder(), 'wasmtime.toml');
    writeFileSync(
      config,
      '[wasm]\nmax-memory-size = 8_388_608 # 8 MiB\n[wasi]\ncli = true\nkeyvalue = true\n',
    );
    const started = await start('misbehave', ['--config', config]);
    expect(await same(started, '/grow?mib=4')).toBe('200 4 MiB');
    expect(await same(started, '/grow?mib=100')).toMatch(/^507 refused after \d MiB/);
    expect(warningsOf(started)).toEqual([]);
  });

  test('-W timeout ends a guest', async () => {
    const { ours } = await start('misbehave', ['-Scli,keyvalue', '-W', 'timeout=2000ms']);
    expect(await text(ours.url, '/spin')).toMatch(/^504 /);
    expect(await text(ours.url, '/ok')).toBe('200 ok');
  });

  test('--max-concurrent-requests: others wait', async () => {
    const { ours } = await start('http-lab', ['-Scli,config', '--max-concurrent-requests', '1']);
    const began = performance.now();
    await Promise.all([text(ours.url, '/sleep?ms=400'), text(ours.url, '/sleep?ms=400')]);
    expect(performance.now() - began).toBeGreaterThan(790);
  });
});

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
