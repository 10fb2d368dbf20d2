import { mkdirSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from '../campaign/hostile-clients.ts';
import { startHostileServer } from '../campaign/hostile-server.ts';
import { fixture, temporaryFolder } from '../support/command.ts';

test.skipIf(process.platform === 'win32')(
  'guests that open all they can disconnect nobody if the limit on open files is low',
  { timeout: 60_000 },
  async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'files'));
    const server = await startHostileServer({
      component: fixture('hostile'),
      folder,
      wrapper: ['sh', '-c', 'ulimit -n 400; exec "$@"', 'sh'],
      args: ['--workers=2'],
    });
    onTestFinished(() => server.stop());
    expect(server.text).toContain('may open 400 files (ulimit -n)');
    const taking = Array.from({ length: 12 }, () => ask(`${server.url}/open-files?n=500&ms=1500`));
    // Each on a connection of its own.
    const others = Array.from({ length: 40 }, () => ask(`${server.url}/ok`, { agent: new Agent() }));
    expect(new Set(await Promise.all(others))).toEqual(new Set(['200']));
    expect(new Set(await Promise.all(taking))).toEqual(new Set(['200']));
  },
);
