import { expect, onTestFinished, test } from 'vitest';
import { createMonitor } from '../../../src/server/admin/monitor.ts';
import { createServer } from '../../../src/server/server.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { component } from '../../support/serving.ts';
import { thisThread } from '../../support/this-thread.ts';

// Nobody knows how much guests compute that run by raw glue: they have all workers from the start. On the thread of the tests there
// are none.
test.skipIf(rawGlue || thisThread)(
  'one more worker serves while guests compute, and ends when there is nothing to do',
  { timeout: 60_000 },
  async () => {
    const monitor = createMonitor();
    const options = { store: 'memory:', workers: 1, maxWorkers: 2 };
    const server = createServer(await component('misbehave'), options, { monitor });
    onTestFinished(() => server.close(0));
    const serving = (): number | undefined => monitor.status().load?.serving;

    /** Four clients ask for this until they need not any more. */
    async function keepAsking(path: string, until: () => boolean): Promise<void> {
      const one = async (): Promise<void> => {
        while (!until())
          expect((await server.fetch(new Request(`http://localhost${path}`))).status).toBe(200);
      };
      await Promise.all([one(), one(), one(), one()]);
    }

    await keepAsking('/compute?rounds=300000', () => serving() === 2);
    await expect.poll(serving, { timeout: 30_000 }).toBe(1);
  },
);
