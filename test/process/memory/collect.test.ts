import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const COLLECT = pathToFileURL(join(import.meta.dirname, '../../../src/process/memory/collect.ts'));

/** Prints the bytes that the process holds at its start, with many objects on its heap, and after they were collected. */
const SCRIPT = `
  import { createCollect } from '${COLLECT}';
  const held = [process.memoryUsage.rss()];
  (() => {
    const objects = [];
    for (let n = 0; n < 2_000_000; n += 1) objects.push({ n, list: [n] });
    held.push(process.memoryUsage.rss());
  })();
  createCollect()(true);
  console.log(JSON.stringify([...held, process.memoryUsage.rss()]));`;

test('collecting everything returns the pages of a large heap to the system', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT]);
  const [start, full, collected] = JSON.parse(stdout) as [number, number, number];
  expect(full - start).toBeGreaterThan(100 * 1024 ** 2);
  expect(collected - start).toBeLessThan((full - start) / 3);
});
