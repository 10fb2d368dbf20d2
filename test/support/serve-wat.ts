import { onTestFinished } from 'vitest';
import { loadComponent } from '../../src/loader/load-component.ts';
import type { LoadOptions } from '../../src/loader/load-options.ts';
import { createServer } from '../../src/server/server.ts';
import { withoutWarning } from './raw-glue.ts';
import { assembleGuest, type WatGuest } from './wat-guest.ts';

export interface Served {
  readonly statuses: readonly number[];
  readonly log: readonly string[];
}

/** Serves three requests, and returns their statuses and what the server logged. */
export async function serveWat(guest: WatGuest, options: LoadOptions = {}): Promise<Served> {
  const bytes = await assembleGuest(guest);
  const component = await loadComponent(bytes, options);
  const log: string[] = [];
  const server = createServer(
    component,
    {
      store: 'memory:',
      log: (level, context, message) => void log.push(`${level} ${context}: ${message}`),
    },
    { verifyRestores: true },
  );
  onTestFinished(() => server.close(0));
  const statuses: number[] = [];
  for (let request = 0; request < 3; request += 1) {
    const response = await server.fetch(new Request('http://localhost/'));
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  return { statuses, log: log.filter((line) => withoutWarning(line) !== '') };
}
