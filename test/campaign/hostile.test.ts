import { expect, test } from 'vitest';
import { rawGlue } from '../support/raw-glue.ts';
import { hostile } from './hostile.ts';
import { PATTERNS } from './hostile-patterns.ts';

/**
 * The campaign on a small scale: without root or a control group, with low limits, and with patterns that end quickly. Raw glue
 * keeps others waiting during long work of the host.
 */
test.skipIf(rawGlue)(
  'whatever a guest allocates, the process survives and others are served',
  {
    timeout: 180_000,
  },
  async () => {
    const servers = await hostile({
      patterns: PATTERNS.filter(({ small }) => small !== undefined),
      rounds: [1, 3],
      settle: 0,
      clients: 2,
      args: ['--max-host-memory=4MiB', '--max-memory=96MiB', '--timeout=10s'],
      small: true,
    });
    const reports = servers.flatMap(({ patterns }) => patterns);
    expect(reports.length).toBeGreaterThanOrEqual(25);
    expect(reports.filter(({ alive, failed }) => !alive || failed > 0)).toEqual([]);
    for (const { others, name } of reports) expect([name, others > 0]).toEqual([name, true]);
  },
);
