import { describe, expect, onTestFinished, test } from 'vitest';
import { noDisks } from './disk.ts';
import { type EngineName, noEngine, startEngine } from './engine.ts';
import { type Fault, type HostsHistoryReport, hostsHistoryCampaign } from './hosts-history.ts';

async function campaign(
  name: EngineName,
  isWeak: boolean,
  faults: readonly Fault[],
): Promise<HostsHistoryReport> {
  const engine = await startEngine(name, { isWeak, hasDisk: true });
  onTestFinished(() => engine.close());
  return hostsHistoryCampaign({ engine, faults, clients: 16, keys: 20, load: 700, seed: 1 });
}

describe.skipIf(noDisks() !== undefined).each(['postgres', 'redis', 'valkey'] as const)(
  'two hosts on %s',
  (name) => {
    const skip = noEngine(name) !== undefined;

    test.skipIf(skip)(
      'have one history of each key, whatever is killed',
      async () => {
        const report = await campaign(name, false, ['host', 'engine', 'power']);
        expect(report).toMatchObject({ rounds: 3, violations: [] });
        expect(report.operations).toBeGreaterThan(100);
      },
      240_000,
    );

    test.skipIf(skip)(
      'lose writes that the engine acknowledges too early',
      async () => {
        const report = await campaign(name, true, ['power', 'power']);
        expect(report.violations.length).toBeGreaterThan(0);
      },
      240_000,
    );
  },
);
