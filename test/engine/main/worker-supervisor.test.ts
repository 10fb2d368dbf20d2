import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WasmcpError } from '../../../host/index.ts';
import type { InFlightRequest } from '../../../src/engine/main/in-flight-request.ts';
import type { WorkerEvents, WorkerHandle } from '../../../src/engine/main/worker-handle.ts';
import { createWorkerSupervisor, type WorkerSupervisor } from '../../../src/engine/main/worker-supervisor.ts';

/** A worker that the test controls: real ones start, stall and fail unpredictably. */
interface Actor {
  readonly thread: WorkerHandle;
  readonly events: WorkerEvents;
  readonly closed: boolean;
  load: number;
  start(): Promise<void>;
  fail(reason: string): Promise<void>;
  stall(unbegun?: readonly InFlightRequest[]): void;
  back(worn?: boolean): void;
}

function actor(events: WorkerEvents): Actor {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  const state = { available: false, worn: false };
  const self = {
    events,
    closed: false,
    load: 0,
    thread: {
      ready: ready.promise,
      get available() {
        return state.available && !state.worn;
      },
      get responsive() {
        return state.available;
      },
      get worn() {
        return state.worn;
      },
      get load() {
        return self.load;
      },
      stalled: false,
      holder: undefined,
      largest: undefined,
      press() {},
      end() {},
      run() {},
      abort() {},
      look() {},
      async close() {
        state.available = false;
        if (!self.closed) {
          self.closed = true;
          events.gone([], [], 'closed');
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
      events.gone([], [], reason);
      await ready.promise.catch(() => {});
    },
    stall(unbegun: readonly InFlightRequest[] = []) {
      state.available = false;
      events.stalled(unbegun);
    },
    back(worn = false) {
      state.worn = worn;
      state.available = true;
      events.back();
    },
  };
  return self;
}

interface Stage {
  readonly crew: WorkerSupervisor;
  /** All workers that were ever started. */
  readonly actors: Actor[];
  readonly returned: InFlightRequest[];
  readonly log: string[];
  /** The system's error for one more thread. */
  refusal: Error | undefined;
  living(): number;
}

/** Maximum number of guests in one worker. */
const LIMIT = 4;

/** A crew of `workers` workers, none of them ready, whose start settles with the first `first` of them. */
function starting(workers: number, first: number): Stage & { readonly ready: Promise<void> } {
  const actors: Actor[] = [];
  const returned: InFlightRequest[] = [];
  const log: string[] = [];
  const stage: { refusal: Error | undefined } = { refusal: undefined };
  const crew = createWorkerSupervisor({
    workers,
    output() {},
    log: (_level, _context, message) => void log.push(message),
    degraded() {},
    start(events) {
      if (stage.refusal !== undefined) throw stage.refusal;
      const one = actor(events);
      actors.push(one);
      return one.thread;
    },
    done() {},
    returned: (exchanges) => void returned.push(...exchanges),
    room() {},
  });
  return Object.assign(stage, {
    crew,
    ready: crew.start(first),
    actors,
    returned,
    log,
    living: () => actors.filter(({ closed }) => !closed).length,
  });
}

async function started(workers: number): Promise<Stage> {
  const stage = starting(workers, workers);
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

describe('a system without more threads', () => {
  test('is asked again later, and only the replacement is missing', async () => {
    const stage = await started(1);
    const { actors, crew, log } = stage;
    stage.refusal = new Error('pthread_create');
    actors[0]!.stall();
    expect(log).toEqual(['cannot start a worker thread: pthread_create']);
    stage.refusal = undefined;
    vi.advanceTimersByTime(1000);
    await actors[1]!.start();
    expect(crew.freest(LIMIT)).toBe(actors[1]!.thread);
  });
});

describe('the start', () => {
  test('settles with the first worker; the others are started then and join it', async () => {
    const { crew, ready, actors } = starting(3, 1);
    expect(actors.length).toBe(1);
    await actors[0]!.start();
    await ready;
    expect(actors.length).toBe(3);
    expect(crew.freest(LIMIT)).toBe(actors[0]!.thread);
    await actors[1]!.start();
    actors[0]!.load = 1;
    expect(crew.freest(LIMIT)).toBe(actors[1]!.thread);
    expect(crew.census()).toMatchObject({ serving: 2, starting: 1, standby: 0 });
  });

  test('fails with the first worker, and starts no other', async () => {
    const { ready, actors } = starting(3, 1);
    await actors[0]!.fail('no memory');
    await expect(ready).rejects.toThrow('no memory');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(actors.length).toBe(1);
  });

  test('does not fail with a later worker, which is retried', async () => {
    const { crew, ready, actors, log } = starting(2, 1);
    await actors[0]!.start();
    await ready;
    await actors[1]!.fail('no memory');
    expect(log).toEqual(['no memory']);
    await vi.advanceTimersByTimeAsync(1000);
    await actors.at(-1)!.start();
    actors[0]!.load = 1;
    expect(crew.freest(LIMIT)).toBe(actors.at(-1)!.thread);
  });

  test('may be followed by a close immediately: workers that are still starting end too', async () => {
    const { crew, ready, actors, living, log } = starting(3, 1);
    await actors[0]!.start();
    await ready;
    await crew.close();
    await vi.advanceTimersByTimeAsync(600_000);
    expect([living(), actors.length, log, vi.getTimerCount()]).toEqual([0, 3, [], 0]);
  });
});

describe('the standby worker', () => {
  test('is started after the others, takes no requests, and is alone', async () => {
    const { crew, actors } = await started(2);
    expect(actors.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(actors.length).toBe(3);
    await actors[2]!.start();
    actors[0]!.load = actors[1]!.load = 3;
    expect(crew.freest(LIMIT)).toBe(actors[0]!.thread);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(actors.length).toBe(3);
  });

  test('replaces a busy worker immediately, whose unbegun requests are returned', async () => {
    const { crew, actors, returned } = await started(1);
    await vi.advanceTimersByTimeAsync(1000);
    await actors[1]!.start();
    const exchange = { id: 1 } as InFlightRequest;
    actors[0]!.stall([exchange]);
    expect(returned).toEqual([exchange]);
    expect(crew.freest(LIMIT)).toBe(actors[1]!.thread);
  });

  test('is retried when it cannot be started, with growing delays, while the others serve', async () => {
    const { crew, actors, log } = await started(1);
    await vi.advanceTimersByTimeAsync(1000);
    const times: number[] = [];
    for (let begun = Date.now(); times.length < 7; begun = Date.now()) {
      const count = actors.length;
      await actors.at(-1)!.fail('no memory');
      while (actors.length === count) await vi.advanceTimersByTimeAsync(1000);
      times.push((Date.now() - begun) / 1000);
    }
    expect(times).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(log).toEqual(Array(7).fill('no memory'));
    expect(crew.freest(LIMIT)).toBe(actors[0]!.thread);
  });
});

describe('workers that guests keep busy', () => {
  test('are bounded in number', async () => {
    const { crew, actors, living } = await started(2);
    for (let i = 0; i < actors.length; i++) {
      await actors[i]!.start();
      actors[i]!.stall();
    }
    expect(living()).toBe(12);
    expect(crew.freest(LIMIT)).toBe(undefined);
  });

  test('are of use again when they are back; those too many end a while later, without requests', async () => {
    const { crew, actors, living } = await started(1);
    actors[0]!.load = 1;
    actors[0]!.stall();
    expect(crew.freest(LIMIT)).toBe(undefined);
    actors[0]!.back();
    expect(crew.freest(LIMIT)).toBe(actors[0]!.thread);
    for (const one of actors.slice(1)) await one.start();
    expect(living()).toBe(3);
    // Busy guests often come in groups.
    actors[0]!.stall();
    actors[0]!.back();
    await actors[3]!.start();
    expect(living()).toBe(4);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(living()).toBe(2);
    expect(actors[0]!.closed).toBe(false);
  });

  test('are replaced if they stay slow, once they have finished their requests', async () => {
    const { crew, actors } = await started(1);
    const first = actors[0]!;
    first.load = 1;
    first.stall();
    await actors[1]!.start();
    first.back(true);
    expect(crew.freest(LIMIT)).toBe(actors[1]!.thread);
    expect(first.closed).toBe(false);
    first.load = 0;
    first.events.done({ id: 1 } as InFlightRequest, undefined);
    expect(first.closed).toBe(true);
  });
});

test('the freest worker is the one with the fewest guests; a limit of 1 requires one without any', async () => {
  const { crew, actors } = await started(2);
  actors[0]!.load = 2;
  actors[1]!.load = 1;
  expect(crew.freest(LIMIT)).toBe(actors[1]!.thread);
  expect(crew.freest(1)).toBe(undefined);
  actors[1]!.load = 0;
  expect(crew.freest(1)).toBe(actors[1]!.thread);
  actors[0]!.load = actors[1]!.load = 4;
  expect(crew.freest(LIMIT)).toBe(undefined);
});

test('closing ends workers that serve, start or are busy, and starts none', async () => {
  const { crew, actors, living, log } = await started(1);
  actors[0]!.stall();
  await actors[1]!.start();
  const count = actors.length;
  await crew.close();
  await crew.close();
  await vi.advanceTimersByTimeAsync(600_000);
  expect([living(), actors.length, log, vi.getTimerCount()]).toEqual([0, count, [], 0]);
});
