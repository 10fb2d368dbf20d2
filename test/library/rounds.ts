import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { createServer, loadComponent } from '../../src/index.ts';

/** What a process holds, as it sees it itself. */
export interface Holding {
  readonly resources: readonly string[];
  /** Threads and open files as the kernel counts them; 0 where it does not tell. */
  readonly threads: number;
  readonly files: number;
  /** Bytes, after a collection. */
  readonly heap: number;
  readonly external: number;
}

const [path, store, rounds] = process.argv.slice(2);

function entries(folder: string): number {
  return existsSync(folder) ? readdirSync(folder).length : 0;
}

async function holding(): Promise<Holding> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  globalThis.gc!();
  const { heapUsed: heap, external } = process.memoryUsage();
  // An `Immediate` is the turn that this took.
  const resources = process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'Immediate')
    .sort();
  return { resources, threads: entries('/proc/self/task'), files: entries('/proc/self/fd'), heap, external };
}

/** By a connection of its own: `fetch` keeps timers for those that it shares. */
async function send(url: string, body: string): Promise<void> {
  const sent = request(url, { method: 'POST', agent: false }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  await once(response.resume(), 'end');
}

const component = await loadComponent(path!);
const found: Holding[] = [];
for (let round = 0; round < Number(rounds); round++) {
  {
    await using server = createServer(component, { store: store! });
    const url = await server.listen(0);
    await send(`${url}set?bucket=b&key=k`, 'v');
    const answer = await server.fetch(new Request(`${url}get?bucket=b&key=k`));
    if ((await answer.text()) !== 'v') throw new Error(`status ${answer.status}`);
  }
  found.push(await holding());
}
process.stdout.write(JSON.stringify(found));
