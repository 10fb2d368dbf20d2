import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { initialize } from '../support/mcp.ts';
import { freePort } from '../support/servers.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { callCounter, Ledger, type LedgerReport } from './counters.ts';
import type { Engine } from './engine.ts';
import { type ServedStore, serveStore } from './server.ts';

export interface HostsReport {
  /** Parallel calls of one session that returned distinct numbers, of those made. */
  readonly counted: number;
  readonly calls: number;
  /** A host was killed under load, and later started again. */
  readonly hostKilled: LedgerReport;
  /** The same of the engine, if the campaign may kill it. */
  readonly engineKilled: LedgerReport | undefined;
}

export interface HostsSettings {
  readonly store: string;
  /** Undefined for a file. */
  readonly engine: Engine | undefined;
  readonly sessions: number;
  readonly calls: number;
  /** Milliseconds of load before and after a kill. */
  readonly load: number;
  readonly progress?: (line: string) => void;
}

/** Clients at the same time. */
const CLIENTS = 32;

/** Milliseconds within which each session must count again at the end. */
const RECOVERY = 10_000;

/** Two hosts behind nginx, each request to the next one; sessions count by reading and writing back. */
export async function hostsCampaign(settings: HostsSettings): Promise<HostsReport> {
  const ports = [await freePort(), await freePort()];
  const hosts = await Promise.all(ports.map((port) => startHost(settings.store, port)));
  const balancer = await startBalancer(ports);
  const { progress = () => {} } = settings;
  try {
    const counted = await countTogether(balancer, settings.calls);
    progress(`${counted} of ${settings.calls} parallel calls of one session counted`);
    const hostKilled = await underLoad(balancer, settings, async () => {
      hosts[0]!.child.kill('SIGKILL');
      await hosts[0]!.ended;
      return async () => {
        hosts[0] = await startHost(settings.store, ports[0]!);
      };
    });
    progress(`host killed: ${JSON.stringify(hostKilled)}`);
    const { engine } = settings;
    const engineKilled =
      engine &&
      (await underLoad(balancer, settings, async () => {
        await engine.kill();
        return () => engine.start();
      }));
    if (engineKilled) progress(`engine killed: ${JSON.stringify(engineKilled)}`);
    return { counted, calls: settings.calls, hostKilled, engineKilled };
  } finally {
    await balancer.close();
    for (const { child, ended } of hosts) {
      child.kill('SIGTERM');
      await ended;
    }
  }
}

function startHost(store: string, port: number): Promise<ServedStore> {
  const options = [
    '--mcp=guide',
    `--addr=127.0.0.1:${port}`,
    '--timeout=300s',
    '--queue=5000',
    '--store-wait=60s',
  ];
  return serveStore({ store, durability: 'power', component: 'notes-draft', options });
}

/** Returns how many of the parallel calls of one session got a number of their own. */
async function countTogether({ url }: Balancer, calls: number): Promise<number> {
  const session = await initialize(url);
  const answers = await Promise.all(Array.from({ length: calls }, () => callCounter(url, session)));
  const numbers = new Set(answers.map(({ count }) => count).filter((count) => count !== undefined));
  const last = await callCounter(url, session);
  return last.count === calls + 1 ? numbers.size : 0;
}

/** Load; `kill`, some more load without it; what it returns brings it back; then each session must go on. */
async function underLoad(
  { url }: Balancer,
  { sessions, load }: HostsSettings,
  kill: () => Promise<() => Promise<void>>,
): Promise<LedgerReport> {
  const ledger = new Ledger();
  const ids: string[] = [];
  let opening = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (opening++ < sessions) ids.push(await initialize(url));
    }),
  );
  let next = 0;
  let running = true;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (running) {
      const session = ids[next++ % ids.length]!;
      // Each session is one client's at a time: otherwise its answers had no order.
      if (!ledger.begin(session)) await delay(1);
      else ledger.end(session, await callCounter(url, session));
    }
  });
  await delay(load);
  const restore = await kill();
  await delay(load);
  await restore();
  await delay(load);
  running = false;
  await Promise.all(clients);
  for (const session of ids) await callUntilCounted(ledger, url, session);
  return ledger.report();
}

/** Each host finds out by itself that the engine is back. */
async function callUntilCounted(ledger: Ledger, url: string, session: string): Promise<void> {
  const deadline = performance.now() + RECOVERY;
  for (;;) {
    if (!ledger.begin(session)) throw new Error('a client still calls');
    const answer = await callCounter(url, session);
    const isLast = answer.count !== undefined || performance.now() > deadline;
    ledger.end(session, answer, isLast);
    if (isLast) return;
    await delay(100);
  }
}

export function hasPassed({ counted, calls, hostKilled, engineKilled }: HostsReport): boolean {
  return (
    counted === calls &&
    [hostKilled, engineKilled].every(
      (report) => report === undefined || (report.lost === 0 && report.excess === 0 && report.stuck === 0),
    )
  );
}

/** Where a campaign on a file has it. */
export function fileIn(folder: string): string {
  return `sqlite:${join(folder, 'store.db')}`;
}
