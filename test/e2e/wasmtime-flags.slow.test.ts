import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { same, start, text, warningsOf } from './beside-wasmtime.ts';

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
