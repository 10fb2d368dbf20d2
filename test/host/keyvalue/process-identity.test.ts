import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { hasEnded, newHolderId } from '../../../host/keyvalue/process-identity.ts';

const MODULE = new URL('../../../host/keyvalue/process-identity.ts', import.meta.url).href;

test('ids differ, are short, and their process runs', () => {
  const ids = [newHolderId(), newHolderId()];
  expect(new Set(ids).size).toBe(2);
  expect(ids.filter((id) => hasEnded(id) || id.length > 64 || !/^[\x21-\x7e]+$/.test(id))).toEqual([]);
});

test.runIf(process.platform === 'linux')('a process is known to have ended only after its end', async () => {
  const code = `import(${JSON.stringify(MODULE)}).then(({ newHolderId }) => console.log(newHolderId())); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const id = line.toString().trim();
  expect(hasEnded(id)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(hasEnded(id)).toBe(true);
});

test.each([
  ['of another system', (id: string) => id.replace(/\.[0-9a-f]{12}\./, '.000000000000.')],
  ['that names none', () => 'another-holder'],
  ['in another form', () => 'a.b.c'],
])('nothing is known of a holder %s', (_, change) => {
  expect(hasEnded(change(newHolderId()))).toBe(false);
});

test.runIf(process.platform === 'linux')('a number that was given again names another process', () => {
  expect(hasEnded(newHolderId().replace(/\d+$/, '1'))).toBe(true);
});
