import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/command.ts';
import { copyCampaign, hasPassed } from './copy.ts';
import { noEngine, startEngine } from './engine.ts';

test.skipIf(noEngine('postgres') !== undefined || noEngine('redis') !== undefined)(
  'a store that is copied from a file through PostgreSQL and Redis into a file is equal, although copies are killed',
  async () => {
    const engines = await Promise.all([startEngine('postgres'), startEngine('redis')]);
    onTestFinished(async () => {
      for (const engine of engines) await engine.close();
    });
    const report = await copyCampaign({
      keys: 20_000,
      writers: 4,
      seed: 1,
      folder: temporaryFolder(),
      through: engines.map(({ url }) => url),
    });
    expect(report).toMatchObject({ lost: 0, areEqual: true });
    expect(hasPassed(report)).toBe(true);
    expect(report.acknowledged).toBeGreaterThan(0);
    expect(report.legs.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(0);
  },
  240_000,
);
