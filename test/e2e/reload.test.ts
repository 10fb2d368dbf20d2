import { once } from 'node:events';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { startReloading } from '../../src/commands/reload.ts';
import { loadComponent } from '../../src/index.ts';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';

/** A copy of a fixture that a test may replace. */
function copy(name: string): string {
  const file = join(temporaryFolder(), 'server.wasm');
  copyFileSync(fixture(name), file);
  return file;
}

const hex = (text: string): string => Buffer.from(text).toString('hex');

test('--watch: a rebuilt component takes over, a broken one does not', async () => {
  const file = copy('kv-draft');
  const { url, told, stop } = await serve(file, ['--store', 'memory:', '--watch']);
  await fetch(`${url}/set?bucket=b&key=k`, { method: 'POST', body: 'kept' });

  const half = readFileSync(fixture('kv-draft2'));
  writeFileSync(file, half.subarray(0, half.length / 2));
  await told(/warning: keeping the previous component: .*server\.wasm/);
  expect(await (await fetch(`${url}/get?bucket=b&key=k`)).text()).toBe('kept');

  const built = `${file}.new`;
  copyFileSync(fixture('kv-draft2'), built);
  renameSync(built, file);
  await told(/^Reloaded /m);
  const swap = await fetch(`${url}/cas?bucket=b&key=k&expect=${hex('kept')}`, {
    method: 'POST',
    body: 'new',
  });
  expect(await swap.text()).toBe('swapped');
  expect((await stop()).status).toBe(0);
});

test('SIGHUP reloads the component; an unchanged one is not reloaded', async () => {
  const file = copy('kv-draft');
  const { url, text, told, kill } = await serve(file, ['--store', 'memory:']);
  kill('SIGHUP');
  copyFileSync(fixture('misbehave'), file);
  kill('SIGHUP');
  await told(/^Reloaded /m);
  expect(await (await fetch(`${url}/ok`)).text()).toBe('ok');
  expect(text.stderr.match(/Reloaded/g)).toHaveLength(1);
});

test('an unexpected failure keeps the previous component, too', async () => {
  const stderr = new PassThrough({ encoding: 'utf8' });
  const stop = startReloading({
    path: fixture('kv-draft'),
    file: undefined,
    first: await loadComponent(fixture('misbehave')),
    server: { reload: () => Promise.reject(new TypeError('a bug')) },
    streams: { stderr },
    drain: 0,
    maxMemory: 1024 ** 3,
  });
  process.emit('SIGHUP');
  const [line] = await once(stderr, 'data');
  expect(line).toBe('warning: keeping the previous component: a bug\n');
  stop();
});

test('--watch refuses what is not a file', async () => {
  const end = await run(['serve', '-', '--watch', '--addr', '127.0.0.1:0', '--store', 'memory:'], {
    input: readFileSync(fixture('kv-draft')),
  });
  expect(end).toMatchObject({ status: 2 });
  expect(end.stderr).toContain('--watch needs a file');
});
