import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/servers.ts';
import type { StartedEngine } from './engine.ts';
import { linearizable, type Operation } from './linearizable.ts';
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

/** Milliseconds within which a host serves again. */
const RECOVERY = 60_000;

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

interface Round {
  readonly histories: Map<string, Operation[]>;
  refused: number;
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

type Request = Pick<Operation, 'key' | 'kind' | 'input' | 'expected'>;

/** One operation at a time, each by one of the hosts. */
async function runClient(
  round: Round,
  ports: readonly number[],
  keys: readonly string[],
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, string | undefined>();
  while (!signal.aborted) {
    const key = random.pick(keys);
    const kind = random.pick(['get', 'set', 'increment', 'swap', 'delete', 'increment'] as const);
    const input = String(random.whole(1, 1_000_000_000));
    const port = random.pick(ports);
    const outcome = await operate(round, port, { key, kind, input, expected: known.get(key) });
    if (outcome === undefined) await untilServed(ports, signal);
    else known.set(key, outcome.value);
  }
}

/** Waits until one of the hosts reads from the store. */
async function untilServed(ports: readonly number[], signal?: AbortSignal): Promise<void> {
  for (const deadline = performance.now() + RECOVERY; !signal?.aborted; await delay(20)) {
    for (const port of ports) {
      const response = await ask(port, '/get?key=probe', '');
      if (response.status === 200 || response.status === 404) return;
      if (performance.now() > deadline) throw new Error(`no host serves: ${JSON.stringify(response)}`);
    }
  }
}

/** Records the operation; returns the value that the key had at its end, undefined if it failed. */
async function operate(
  round: Round,
  port: number,
  request: Request,
): Promise<{ value: string | undefined } | undefined> {
  const operation: Operation = {
    ...request,
    output: undefined,
    start: process.hrtime.bigint(),
    end: undefined,
  };
  const response = await ask(port, pathOf(request), request.input);
  const result = resultOf(request, response);
  if (result === 'refused' || (result === 'unknown' && request.kind === 'get')) {
    round.refused++;
    return undefined;
  }
  const history = round.histories.get(request.key)!;
  if (result === 'unknown') {
    history.push(operation);
    return undefined;
  }
  const { value, ...outcome } = result;
  history.push({ ...operation, ...outcome, end: process.hrtime.bigint() });
  return { value };
}

function pathOf({ key, kind, expected }: Request): string {
  const expect = expected === undefined ? 'none' : Buffer.from(expected).toString('hex');
  return kind === 'swap' ? `/cas?key=${key}&expect=${expect}` : `/${kind}?key=${key}`;
}

interface Response {
  /** 0 without a response. */
  readonly status: number;
  readonly body: string;
}

interface Result extends Pick<Operation, 'kind' | 'output'> {
  readonly value: string | undefined;
}

/** Failures that say that nothing was written, and connections that no host has accepted. */
const WITHOUT_EFFECT =
  /^other: the store (cannot be reached|is busy|is not usable)|^Service Unavailable|^ECONNREFUSED$/;

function resultOf(
  { kind, input, expected }: Request,
  { status, body }: Response,
): Result | 'refused' | 'unknown' {
  if (kind === 'get' && (status === 200 || status === 404)) {
    const value = status === 200 ? body : undefined;
    return { kind, output: value, value };
  }
  if (kind === 'swap' && status === 409) {
    // It has only read.
    const value = body === 'none' ? undefined : Buffer.from(body, 'hex').toString();
    return { kind: 'get', output: value, value };
  }
  if (status !== 200) return WITHOUT_EFFECT.test(body) ? 'refused' : 'unknown';
  switch (kind) {
    case 'increment':
      return { kind, output: body, value: body };
    case 'swap':
      return { kind, output: body, value: body === 'swapped' ? input : expected };
    case 'set':
      return { kind, output: undefined, value: input };
    default:
      return { kind, output: undefined, value: undefined };
  }
}

async function ask(port: number, path: string, body: string): Promise<Response> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return { status: 0, body: cause instanceof Error && 'code' in cause ? String(cause.code) : '' };
  }
}
