/**
 * Guests that try to exhaust the host's memory and descriptors, in a control group of 3 GiB, with default flags: each pattern
 * once and then ten times in parallel, while other clients send ordinary requests. Needs root.
 *
 *   npm run campaign:hostile -- [--only /fields,/poll] [--mebibytes 3072] [--parallel 10] [--settle 30] [--clients 4]
 */
import { campaign, number } from './command.ts';
import { harmless, hostile, table } from './hostile.ts';
import { PATTERNS } from './hostile-patterns.ts';
import { createMemoryCgroup, noMemoryCgroups } from './memory-cgroup.ts';

const defaults = { only: '', mebibytes: '3072', parallel: '10', settle: '30', clients: '4' };

await campaign(defaults, async (values, progress) => {
  const reason = noMemoryCgroups();
  if (reason !== undefined) throw new Error(reason);
  const only = values.only.split(',').filter((part) => part !== '');
  const cgroup = createMemoryCgroup(number(values.mebibytes) * 1024 ** 2);
  try {
    const servers = await hostile({
      patterns: PATTERNS.filter(
        ({ path, name }) =>
          only.length === 0 || only.some((one) => path.startsWith(one) || name.includes(one)),
      ),
      rounds: [1, number(values.parallel)],
      settle: number(values.settle),
      clients: number(values.clients),
      wrapper: cgroup.wrapper,
      progress,
    });
    progress(table(servers));
    const memory = servers.map(({ before, after, allowed }) => ({ before, after, allowed }));
    return {
      report: { cgroup: { version: cgroup.version, peak: cgroup.peak(), killed: cgroup.killed() }, memory },
      passed: servers.every(({ patterns, after, allowed }) => patterns.every(harmless) && after <= allowed),
    };
  } finally {
    cgroup.remove();
  }
});
