import { expect, test } from 'vitest';
import type { Server } from '../../../src/index.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { listen } from '../../support/serving.ts';

function ask(server: Server, path: string): Promise<Response> {
  return server.fetch(new Request(`http://localhost${path}`));
}

async function status(server: Server, path: string): Promise<number> {
  return (await ask(server, path)).status;
}

// Raw glue cannot be suspended in its own code: a guest that loops has its worker for itself.
test.skipIf(rawGlue)(
  'many guests of one kind that keep workers busy leave some workers to other requests',
  {
    timeout: 60_000,
  },
  async () => {
    const { server } = await listen('misbehave', { timeout: 30_000, queueLimit: 100 });
    let ended = 0;
    for (let n = 0; n < 20; n++) void status(server, '/spin').then(() => ended++);
    const others: number[] = [];
    // Longer than it takes until they have all workers that they may have.
    const end = performance.now() + 10_000;
    while (performance.now() < end && ended === 0) others.push(await status(server, '/ok'));
    expect([ended, new Set(others)]).toEqual([0, new Set([200])]);
  },
);

test.skipIf(rawGlue)(
  'each of many guests that keep workers busy is ended at its limit, while others are served',
  async () => {
    const { server, errors } = await listen('misbehave', { workers: 2, timeout: 8000 });
    const loops: Promise<{ answered: number; after: number }>[] = [];
    for (let i = 0; i < 6; i++) {
      const began = performance.now();
      const loop = status(server, '/spin');
      loops.push(loop.then((answered) => ({ answered, after: performance.now() - began })));
      expect(await status(server, '/ok')).toBe(200);
    }
    const ended = await Promise.all(loops);
    expect(ended.map(({ answered }) => answered)).toEqual(Array(6).fill(504));
    // One after another, they would take 48 seconds.
    expect(Math.max(...ended.map(({ after }) => after))).toBeLessThan(30_000);
    expect(errors()).toEqual(Array(6).fill('error GET /spin: the guest did not respond within 8000 ms'));
  },
  60_000,
);
