import { expect, onTestFinished, test } from 'vitest';
import { createMonitor } from '../../../src/server/admin/monitor.ts';
import { createServer } from '../../../src/server/server.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { component } from '../../support/serving.ts';

// Nobody knows how much guests compute that run by raw glue: they have all workers from the start.
test.skipIf(rawGlue)(
  'one more worker serves while guests compute, and none for quick requests',
  { timeout: 60_000 },
  async () => {
    const monitor = createMonitor();
    const options = { store: 'memory:', workers: 1, maxWorkers: 2 };
    const server = createServer(await component('misbehave'), options, { monitor });
    onTestFinished(() => server.close(0));
    const serving = (): number => monitor.status().load!.serving;

    /** Four clients ask for this until they need not any more. */
    async function keepAsking(path: string, until: () => boolean): Promise<void> {
      const one = async (): Promise<void> => {
        while (!until())
          expect((await server.fetch(new Request(`http://localhost${path}`))).status).toBe(200);
      };
      await Promise.all([one(), one(), one(), one()]);
    }

    // On a busy machine even quick requests may look as if they computed for a moment.
    const began = performance.now();
    await keepAsking('/ok', () => performance.now() - began > 500 && serving() === 1);
    await keepAsking('/compute?rounds=300000', () => serving() === 2);
    await keepAsking('/ok', () => serving() === 1);
  },
);
