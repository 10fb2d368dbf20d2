import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/command.ts';
import { noEngine, startEngine } from './engine.ts';
import { tasksCampaign } from './tasks.ts';

const FLAWLESS = { unknown: 0, withoutResult: 0, unfinished: 0, changed: 0, unfounded: 0 };

test('tasks of hosts that are killed have failed, and no other is lost', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const report = await tasksCampaign({ store, cycles: 3, seed: 1, clients: 8 });
  expect(report).toMatchObject(FLAWLESS);
  expect(report.completed).toBeGreaterThan(0);
}, 180_000);

test.skipIf(noEngine('postgres') !== undefined)(
  'the same on PostgreSQL',
  async () => {
    const engine = await startEngine('postgres');
    onTestFinished(() => engine.close());
    const report = await tasksCampaign({ store: engine.url, cycles: 2, seed: 1, clients: 8 });
    expect(report).toMatchObject(FLAWLESS);
    expect(report.completed).toBeGreaterThan(0);
  },
  180_000,
);
