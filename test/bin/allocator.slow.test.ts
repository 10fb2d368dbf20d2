import { spawn } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';

/**
 * Fills arenas of malloc with blocks below its threshold for separate mappings and frees all but every fiftieth after `held`
 * milliseconds; then prints the resident memory in MiB at its start, then, and once it has fallen by half or 60 s have passed.
 */
const script = (held: number): string => `
  process.argv[2] = 'serve';
  const { settleAllocator } = await import(${JSON.stringify(join(import.meta.dirname, '../../bin/allocator.js'))});
  settleAllocator();
  const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
  const resident = () => Math.round(process.memoryUsage.rss() / 2 ** 20);
  await wait(3500);
  const start = resident();
  let blocks = Array.from({ length: 8000 }, () => Buffer.allocUnsafeSlow(32_000).fill(1));
  await wait(${held});
  blocks = blocks.filter((_, n) => n % 50 === 0);
  gc();
  const freed = resident();
  for (let n = 0; n < 600 && resident() > freed / 2; n++) await wait(100);
  console.log(JSON.stringify({ start, freed, then: resident(), kept: blocks.length }));
`;

describe.skipIf(process.platform !== 'linux' || !isBuiltin('node:ffi'))('the allocator of serve', () => {
  test.each([
    ['that have never been trimmed', 0],
    ['that were trimmed while all were in use', 6000],
  ])(
    'returns what is free between blocks in use, of arenas %s',
    async (_, held) => {
      const child = spawn(
        process.execPath,
        ['--expose-gc', '--input-type=module', '--eval', script(held), ''],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const found = JSON.parse(await text(child.stdout));
      // Otherwise malloc would not have kept it, and there would be nothing to see.
      expect(found.freed).toBeGreaterThan(found.start + 150);
      expect(found.then).toBeLessThan(found.start + 50);
    },
    120_000,
  );
});
