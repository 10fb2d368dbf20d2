import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { defaultMemoryBudget } from '../../../src/process/memory/limit.ts';
import { createMemoryCgroup, noMemoryCgroups } from '../../campaign/memory-cgroup.ts';
import { temporaryFolder } from '../../support/command.ts';

const run = promisify(execFile);
const GIB = 1024 ** 3;
const SAY = `import { defaultMemoryBudget } from ${JSON.stringify(join(import.meta.dirname, '../../../src/process/memory/limit.ts'))};
console.log(defaultMemoryBudget());`;

test.each([
  ['a container with a limit', 4 * GIB, 16 * GIB, 3 * GIB],
  ['no limit, reported as 0', 0, 16 * GIB, 12 * GIB],
  ['no limit, reported as a number that no machine has', 2 ** 64, 16 * GIB, 12 * GIB],
])('%s: three quarters', (_, constrained, machine, expected) => {
  expect(defaultMemoryBudget(constrained, machine)).toBe(expected);
});

test.skipIf(noMemoryCgroups() !== undefined)(
  'a process in a control group gets three quarters of the limit of the group',
  async () => {
    const cgroup = createMemoryCgroup(GIB);
    try {
      const [command, ...words] = [...cgroup.wrapper, process.execPath, '--input-type=module', '-e', SAY];
      const { stdout } = await run(command!, words);
      expect(Number(stdout)).toBe(0.75 * GIB);
    } finally {
      cgroup.remove();
    }
  },
);

describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'with the files of control groups version 2',
  () => {
    /** Runs the script with simulated `/sys/fs/cgroup` and `/proc/self/cgroup`. */
    async function budget(max: string): Promise<number> {
      const root = temporaryFolder();
      mkdirSync(join(root, 'guests'));
      writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory pids\n');
      for (const folder of [root, join(root, 'guests')]) {
        writeFileSync(join(folder, 'memory.max'), folder === root ? 'max\n' : max);
        writeFileSync(join(folder, 'memory.high'), 'max\n');
        writeFileSync(join(folder, 'memory.current'), '1000000\n');
      }
      const named = join(root, 'own');
      writeFileSync(named, '0::/guests\n');
      const script = `mount --bind ${root} /sys/fs/cgroup && mount --bind ${named} /proc/$$/cgroup && exec "$@"`;
      const { stdout } = await run('unshare', [
        ...['-m', 'sh', '-c', script, 'sh'],
        ...[process.execPath, '--input-type=module', '-e', SAY],
      ]);
      return Number(stdout);
    }

    test('uses the limit of the group', async () => {
      expect(await budget(`${GIB}\n`)).toBe(0.75 * GIB);
    });

    test('uses the memory of the machine if there is no limit', async () => {
      expect(await budget('max\n')).toBe(Math.floor(0.75 * totalmem()));
    });
  },
);
