import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WasmcpError } from '../../../host/index.ts';
import type { InFlightRequest } from '../../../src/engine/main/in-flight-request.ts';
import type { WorkerEvents, WorkerHandle } from '../../../src/engine/main/worker-handle.ts';
import { createWorkerSupervisor, type WorkerSupervisor } from '../../../src/engine/main/worker-supervisor.ts';

/** A worker that the test controls: real ones start and fail unpredictably. */
interface Actor {
  readonly handle: WorkerHandle;
  readonly closed: boolean;
  load: number;
  /** Milliseconds that guests which compute have had. */
  computed: number;
  /** A request has ended in it. */
  end(): void;
  start(): Promise<void>;
  /** It could not be started. */
  fail(reason: string): Promise<void>;
  /** It has died, with these requests. */
  die(reason: string, lost?: readonly InFlightRequest[]): void;
}

function actor(events: WorkerEvents): Actor {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  const state = { available: false };
  const self = {
    closed: false,
    load: 0,
    computed: 0,
    end() {
      self.load -= 1;
      events.done({ id: 1 } as InFlightRequest, undefined);
    },
    handle: {
      ready: ready.promise,
      get available() {
        return state.available;
      },
      get load() {
        return self.load;
      },
      get computed() {
        return self.computed;
      },
      silent: false,
      largest: undefined,
      press() {},
      end() {},
      run() {},
      abort() {},
      async close() {
        state.available = false;
        if (!self.closed) {
          self.closed = true;
          events.gone([], 'closed');
        }
      },
    },
    async start() {
      state.available = true;
      ready.resolve();
      await ready.promise;
    },
    async fail(reason: string) {
      ready.reject(new WasmcpError('worker-lost', reason));
      events.gone([], reason);
      await ready.promise.catch(() => {});
    },
    die(reason: string, lost: readonly InFlightRequest[] = []) {
      state.available = false;
      self.closed = true;
      events.gone(lost, reason);
    },
  };
  return self;
}

interface Stage {
  readonly supervisor: WorkerSupervisor;
  /** All workers that were ever started. */
  readonly actors: Actor[];
  readonly log: string[];
  /** Requests that have ended, with their failures. */
  readonly done: string[];
  /** The system's error for one more thread. */
  refusal: Error | undefined;
  living(): number;
}

/** Maximum number of guests in one worker. */
const LIMIT = 4;

/** A supervisor of `workers` workers, none of them ready, whose start settles with the first `first` of them. */
function starting(
  workers: number,
  first: number,
  maxWorkers = workers,
): Stage & { readonly ready: Promise<void> } {
  const actors: Actor[] = [];
  const log: string[] = [];
  const done: string[] = [];
  const stage: { refusal: Error | undefined } = { refusal: undefined };
  const supervisor = createWorkerSupervisor({
    workers,
    maxWorkers,
    output() {},
    log: (_level, _context, message) => void log.push(message),
    degraded() {},
    start(events) {
      if (stage.refusal !== undefined) throw stage.refusal;
      const one = actor(events);
      actors.push(one);
      return one.handle;
    },
    done: ({ id }, failure) => void done.push(`${id}: ${failure?.message}`),
    room() {},
  });
  return Object.assign(stage, {
    supervisor,
    ready: supervisor.start(first),
    actors,
    log,
    done,
    living: () => actors.filter(({ closed }) => !closed).length,
  });
}

async function started(workers: number, maxWorkers = workers): Promise<Stage> {
  const stage = starting(workers, workers, maxWorkers);
  for (const one of stage.actors) await one.start();
  await stage.ready;
  return stage;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the start', () => {
  test('settles with the first worker; the others are started then and join it', async () => {
    const { supervisor, ready, actors } = starting(3, 1);
    expect(actors.length).toBe(1);
    await actors[0]!.start();
    await ready;
    expect(actors.length).toBe(3);
    expect(supervisor.freest(LIMIT)).toBe(actors[0]!.handle);
    await actors[1]!.start();
    actors[0]!.load = 1;
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
    expect(supervisor.counts()).toEqual({ guests: 1, serving: 2, starting: 1 });
  });

  test('fails with the first worker, and starts no other', async () => {
    const { ready, actors } = starting(3, 1);
    await actors[0]!.fail('no memory');
    await expect(ready).rejects.toThrow('no memory');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(actors.length).toBe(1);
  });

  test('does not fail with a later worker, which is retried with growing delays', async () => {
    const { supervisor, ready, actors, log } = starting(2, 1);
    await actors[0]!.start();
    await ready;
    const times: number[] = [];
    for (let begun = Date.now(); times.length < 7; begun = Date.now()) {
      const count = actors.length;
      await actors.at(-1)!.fail('no memory');
      while (actors.length === count) await vi.advanceTimersByTimeAsync(1000);
      times.push((Date.now() - begun) / 1000);
    }
    expect(times).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(log).toEqual(Array(7).fill('no memory'));
    await actors.at(-1)!.start();
    actors[0]!.load = 1;
    expect(supervisor.freest(LIMIT)).toBe(actors.at(-1)!.handle);
  });

  test('may be followed by a close immediately: workers that are still starting end too', async () => {
    const { supervisor, ready, actors, living, log } = starting(3, 1);
    await actors[0]!.start();
    await ready;
    await supervisor.close();
    await vi.advanceTimersByTimeAsync(600_000);
    expect([living(), actors.length, log, vi.getTimerCount()]).toEqual([0, 3, [], 0]);
  });
});

describe('one more worker', () => {
  /** Guests compute in the first worker until there is another one, which takes a request. */
  async function reinforced(): Promise<Stage & { compute(milliseconds: number): void }> {
    const stage = await started(1, 2);
    const { supervisor, actors } = stage;
    function compute(milliseconds: number): void {
      for (let t = 0; t < milliseconds; t += 50) {
        vi.advanceTimersByTime(50);
        for (const one of actors) if (one.load > 0) one.computed += 50;
        supervisor.reinforce();
      }
    }
    supervisor.reinforce();
    actors[0]!.load = 3;
    compute(200);
    await actors[1]!.start();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
    actors[1]!.load = 1;
    return { ...stage, compute };
  }

  test('comes in while guests that compute fill the others, and ends after its last request', async () => {
    const { supervisor, actors, log, compute } = await reinforced();
    compute(10_000);
    expect(supervisor.counts()).toEqual({ guests: 4, serving: 2, starting: 0 });
    actors[0]!.load = 0;
    compute(500);
    // The remaining guest waits for something.
    actors[1]!.load = 0;
    compute(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([actors[0]!.closed, actors[1]!.closed, log]).toEqual([false, true, []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('takes no request once it is not needed, and is back if it is needed before it has ended', async () => {
    const { supervisor, actors, log, compute } = await reinforced();
    actors[0]!.load = 0;
    vi.advanceTimersByTime(10_000);
    actors[1]!.load = 3;
    expect([supervisor.freest(LIMIT), supervisor.counts().serving]).toEqual([actors[0]!.handle, 1]);
    actors[0]!.load = 3;
    compute(200);
    expect(supervisor.counts()).toEqual({ guests: 6, serving: 2, starting: 0 });
    expect(actors.length).toBe(2);
    actors[0]!.load = actors[1]!.load = 1;
    vi.advanceTimersByTime(10_000);
    actors[1]!.end();
    expect([actors[1]!.closed, log]).toEqual([true, []]);
  });
});

describe('a worker that dies', () => {
  test('is replaced at once, and its requests fail', async () => {
    const { supervisor, actors, done, log } = await started(1);
    actors[0]!.die('it fell', [{ id: 3 }, { id: 5 }] as InFlightRequest[]);
    expect(supervisor.freest(LIMIT)).toBe(undefined);
    await actors[1]!.start();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
    expect(done).toEqual(['3: it fell', '5: it fell']);
    expect(log).toEqual([]);
  });

  test('without requests leaves a line in the log', async () => {
    const { actors, log } = await started(1);
    actors[0]!.die('it fell');
    expect(log).toEqual(['it fell']);
  });

  test('is replaced later, if the system has no more threads now', async () => {
    const stage = await started(1);
    const { actors, supervisor, log } = stage;
    stage.refusal = new Error('pthread_create');
    actors[0]!.die('it fell');
    expect(log).toEqual(['it fell', 'cannot start a worker thread: pthread_create']);
    stage.refusal = undefined;
    vi.advanceTimersByTime(1000);
    await actors[1]!.start();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
  });
});

test('the freest worker is the one with the fewest guests', async () => {
  const { supervisor, actors } = await started(2);
  actors[0]!.load = 2;
  actors[1]!.load = 1;
  expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
  expect(supervisor.freest(1)).toBe(undefined);
  actors[0]!.load = actors[1]!.load = 4;
  expect(supervisor.freest(LIMIT)).toBe(undefined);
});

test('closing ends workers that serve or start, and starts none', async () => {
  const { supervisor, actors, living, log } = await started(1);
  actors[0]!.die('it fell');
  await supervisor.close();
  await supervisor.close();
  await vi.advanceTimersByTimeAsync(600_000);
  expect([living(), actors.length, log, vi.getTimerCount()]).toEqual([0, 2, ['it fell'], 0]);
});
