import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { temporaryFolder } from '../support/command.ts';
import { copies, DAMAGES, FILES, type Writer, write } from './lost-files.ts';
import { type ServedStore, serveStore } from './server.ts';

// Each test starts four servers.
vi.setConfig({ testTimeout: 240_000 });

/** All of them together take some minutes. */
const isCampaign = process.env.npm_lifecycle_event === 'campaign:faults';

const ALL = Object.keys(DAMAGES).flatMap((damage) => FILES.map((end) => [end, damage] as const));
const SMOKE = [
  ['-shm', 'deleted'],
  ['-wal', 'truncated to nothing'],
  ['', 'overwritten by a copy from before'],
] as const;

const table: string[] = [];
afterAll(() => {
  if (isCampaign) console.log(`\n${table.join('\n')}\n`);
});

async function start(path: string): Promise<ServedStore> {
  const server = await serveStore({ path, durability: 'power', workers: 2 });
  onTestFinished(async () => {
    server.child.kill('SIGKILL');
    await server.ended;
  });
  return server;
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 60_000, interval: 5 });
}

/** Seconds after which a server that acknowledges is said to run, and after which any is. One that has stopped may take long to end. */
const RUNS = 5;
const PATIENCE = 30;

/** The exit status of a server, or `still running`. */
async function end(server: ServedStore, writer: Writer): Promise<number | string> {
  for (let second = 1; second <= PATIENCE; second++) {
    const before = writer.since();
    const status = await Promise.race([server.ended, delay(1000, 'still running', { ref: false })]);
    if (status !== 'still running') return status;
    if (second >= RUNS && writer.since() > before) break;
  }
  return 'still running';
}

test.each(isCampaign ? ALL : SMOKE)(
  'store.db%s is %s while two servers write, and a third is started',
  async (suffix, damage) => {
    const folder = temporaryFolder();
    const path = join(folder, 'store.db');
    const servers = [await start(path), await start(path)];
    const writers = servers.map((server, n) => write(server, `${n}`, 4));
    await until(() => writers.every(({ acknowledged }) => acknowledged.size > 100));
    copies(path, join(folder, 'before.db'));
    // After more than one checkpoint.
    const earlier = writers.map(({ acknowledged }) => acknowledged.size);
    await until(() => writers.every(({ acknowledged }, n) => acknowledged.size > earlier[n]! + 400));

    DAMAGES[damage]!(path + suffix, join(folder, `before.db${suffix}`));
    for (const writer of writers) writer.mark();
    const third = await start(path).catch((error: Error) => error);
    const thirdWriter = third instanceof Error ? undefined : write(third, 'third', 4);
    const all: Writer[] = thirdWriter === undefined ? writers : [...writers, thirdWriter];
    const ends = await Promise.all(servers.map((server, n) => end(server, writers[n]!)));
    const thirdEnd = third instanceof Error ? 'refused' : await end(third, thirdWriter!);
    for (const writer of all) writer.stop();
    await Promise.all(all.map(({ ended }) => ended));
    for (const server of [...servers, third]) {
      if (server instanceof Error) continue;
      server.child.kill('SIGTERM');
      await server.ended;
    }

    const lost = await missing(path, all);
    const said = servers.filter((server) => /is lost: .*; stop every server/.test(server.log())).length;
    table.push(
      `| \`store.db${suffix}\` | ${damage} | ${ends.join(', ')}; ${thirdEnd} | ${said} | ${writers[0]!.since()}, ${writers[1]!.since()} | ${lost ?? 'refused'} |`,
    );
    // A server that lost something must have stopped and reported it.
    if (lost !== 0) {
      expect(ends).not.toContain('still running');
      expect(said + ends.filter((status) => status === 'SIGBUS').length).toBeGreaterThan(0);
    }
    expect(dirname(path)).toBe(folder);
    rmSync(join(folder, 'before.db'), { force: true });
  },
);

/** The number of acknowledged entries that are missing after a restart; undefined if the start is refused. */
async function missing(path: string, writers: readonly Writer[]): Promise<number | undefined> {
  const server = await start(path).catch(() => undefined);
  if (server === undefined) return undefined;
  let lost = 0;
  for (const { acknowledged } of writers) {
    for (const [key, value] of acknowledged) {
      const response = await fetch(`${server.url}/get?key=${key}`, { method: 'POST' });
      if ((await response.text()) !== value || response.status !== 200) lost++;
    }
  }
  return lost;
}
