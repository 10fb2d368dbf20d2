import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from './linearizable.ts';
import type { Random } from './random.ts';

/** Milliseconds within which a host serves again. */
const RECOVERY = 60_000;

export interface Round {
  readonly histories: Map<string, Operation[]>;
  refused: number;
}

type Request = Pick<Operation, 'key' | 'kind' | 'input' | 'expected'>;

/** One operation at a time, each by one of the hosts. */
export async function runClient(
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
export async function untilServed(ports: readonly number[], signal?: AbortSignal): Promise<void> {
  for (const deadline = performance.now() + RECOVERY; !signal?.aborted; await delay(20)) {
    for (const port of ports) {
      const response = await ask(port, '/get?key=probe', '');
      if (response.status === 200 || response.status === 404) return;
      if (performance.now() > deadline) throw new Error(`no host serves: ${JSON.stringify(response)}`);
    }
  }
}

/** Records the operation; returns the value that the key had at its end, undefined if it failed. */
export async function operate(
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
