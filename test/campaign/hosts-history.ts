import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/servers.ts';
import type { StartedEngine } from './engine.ts';
import { operate, type Round, runClient, untilServed } from './hosts-history-client.ts';
import { linearizable } from './linearizable.ts';
import { createRandom, type Random } from './random.ts';
import { type ServedStore, serveStore } from './server.ts';

/** What is killed in the middle of a round: one of the hosts, the engine, or the machine of the engine. */
export type Fault = 'host' | 'engine' | 'power';

export interface HostsHistoryOptions {
  readonly engine: StartedEngine;
  /** One round each. */
  readonly faults: readonly Fault[];
  readonly clients: number;
  /** Keys of a round; each round has keys of its own. */
  readonly keys: number;
  /** Milliseconds of load before, during and after an absence. */
  readonly load: number;
  readonly seed: number;
  readonly progress?: (line: string) => void;
}

export interface HostsHistoryReport {
  readonly rounds: number;
  readonly operations: number;
  /** Writes whose outcome is unknown. */
  readonly open: number;
  /** Failed writes that have had no effect, and failed reads. */
  readonly refused: number;
  /** Keys whose history is not linearizable, with what was killed. */
  readonly violations: readonly string[];
}

/** Two hosts on one engine, and clients that use both. */
interface Setup {
  readonly hosts: ServedStore[];
  readonly ports: readonly number[];
  readonly options: HostsHistoryOptions;
  readonly random: Random;
}

/**
 * Clients work through two hosts at random, and in each round something is killed and started again; then the history of each key
 * is checked separately.
 */
export async function hostsHistoryCampaign(options: HostsHistoryOptions): Promise<HostsHistoryReport> {
  const ports = [await freePort(), await freePort()];
  const hosts = await Promise.all(ports.map((port) => startHost(options.engine, port)));
  options.engine.flush();
  const setup: Setup = { hosts, ports, options, random: createRandom(options.seed) };
  const total = { rounds: 0, operations: 0, open: 0, refused: 0 };
  const violations: string[] = [];
  try {
    for (const fault of options.faults) {
      const round = await runRound(setup, fault, ++total.rounds);
      total.refused += round.refused;
      for (const [key, history] of round.histories) {
        total.operations += history.length;
        total.open += history.filter(({ end }) => end === undefined).length;
        if (!linearizable(history)) violations.push(`${key} (${fault})`);
      }
      options.progress?.(`${fault}: ${JSON.stringify({ ...total, violations: violations.length })}`);
    }
  } finally {
    for (const { child, ended } of hosts) {
      child.kill('SIGTERM');
      await ended;
    }
  }
  return { ...total, violations };
}

function startHost({ url }: StartedEngine, port: number): Promise<ServedStore> {
  // Controls have engines that are refused otherwise.
  const options = [`--addr=127.0.0.1:${port}`, '--store-wait=60s', '--accept-weaker'];
  return serveStore({ store: url, durability: 'power', component: 'kv-draft2', options });
}

/** Kills what the fault names; what it returns brings it back. */
async function kill({ hosts, ports, options, random }: Setup, fault: Fault): Promise<() => Promise<void>> {
  const { engine } = options;
  if (fault === 'host') {
    const at = random.whole(0, 1);
    hosts[at]!.child.kill('SIGKILL');
    await hosts[at]!.ended;
    return async () => {
      hosts[at] = await startHost(engine, ports[at]!);
    };
  }
  await (fault === 'power' ? engine.cutPower() : engine.kill());
  return () => engine.start();
}

async function runRound(setup: Setup, fault: Fault, number: number): Promise<Round> {
  const { options, random, ports } = setup;
  const keys = Array.from({ length: options.keys }, (_, n) => `${number}.${n}`);
  const round: Round = { histories: new Map(keys.map((key) => [key, []])), refused: 0 };
  const before = startClients(setup, round, keys);
  await delay(random.whole(options.load / 2, options.load));
  const restore = await kill(setup, fault);
  // Whether something is missing shows before others are written.
  if (fault === 'power') await before.stop();
  await delay(options.load);
  await restore();
  try {
    for (const port of ports) await untilServed([port]);
  } catch (cause) {
    throw new Error(setup.hosts.map(({ log }) => log()).join('\n'), { cause });
  }
  if (fault === 'power') await readAll(round, ports, keys);
  const after = fault === 'power' ? startClients(setup, round, keys) : before;
  await delay(options.load);
  await after.stop();
  await readAll(round, ports, keys);
  return round;
}

async function readAll(round: Round, ports: readonly number[], keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    for (const port of ports)
      await operate(round, port, { key, kind: 'get', input: '', expected: undefined });
  }
}

function startClients(
  { options, ports, random }: Setup,
  round: Round,
  keys: readonly string[],
): { stop(): Promise<void> } {
  const running = new AbortController();
  const clients = Promise.all(
    Array.from({ length: options.clients }, () =>
      runClient(round, ports, keys, createRandom(random.whole(0, 2 ** 31)), running.signal),
    ),
  );
  // `stop` rethrows it.
  clients.catch(() => {});
  return {
    async stop(): Promise<void> {
      running.abort();
      await clients;
    },
  };
}
