import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { main } from '../../src/cli.ts';
import { loadComponent } from '../../src/index.ts';
import { type Finished, fixture, temporaryFolder } from '../support/command.ts';

/** As the command would, but in this process. */
async function cache(args: readonly string[], terminal = false): Promise<Finished> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  if (terminal) Object.assign(streams.stdout, { isTTY: true });
  const stdout = streams.stdout.toArray();
  const stderr = streams.stderr.toArray();
  const status = await main(['cache', ...args], streams);
  for (const stream of [streams.stdout, streams.stderr]) stream.end();
  return { status, stdout: (await stdout).join(''), stderr: (await stderr).join('') };
}

test('what was transpiled is listed and deleted, and nothing else', async () => {
  const folder = temporaryFolder();
  const { digest } = await loadComponent(fixture('kv-draft'), { cacheDir: folder });
  const [name] = readdirSync(folder);
  const entry = readFileSync(join(folder, name!));
  writeFileSync(join(folder, 'damaged.component'), entry.subarray(0, 20));
  writeFileSync(join(folder, 'note.txt'), 'mine');

  const { stdout } = await cache(['list', '--cache-dir', folder]);
  const listed = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(listed).toHaveLength(2);
  expect(listed).toContainEqual({
    path: join(folder, name!),
    digest,
    size: entry.length,
    written: expect.stringMatching(/^\d{4}-/),
    current: true,
  });
  expect((await cache(['list', '--cache-dir', folder], true)).stdout).toMatch(
    new RegExp(`^${digest}  \\d+ bytes`, 'm'),
  );

  expect((await cache(['clear', '--cache-dir', folder])).stderr).toBe(
    `Deleted 2 files, ${entry.length + 20} bytes, from ${folder}\n`,
  );
  expect(readdirSync(folder)).toEqual(['note.txt']);
  expect((await cache(['list', '--cache-dir', folder], true)).stdout).toBe(
    `nothing is cached in ${folder}\n`,
  );
});

test('a folder that does not exist has nothing, and is not created', async () => {
  const folder = join(temporaryFolder(), 'none');
  expect(await cache(['list', '--cache-dir', folder])).toMatchObject({ status: 0, stdout: '' });
  expect(await cache(['clear', '--cache-dir', folder])).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/Deleted 0 files/),
  });
});
