import { afterEach, beforeEach, vi } from 'vitest';
import { WasmcpError } from '../../../host/index.ts';
import type { InFlightRequest } from '../../../src/engine/main/in-flight-request.ts';
import type { WorkerEvents, WorkerHandle } from '../../../src/engine/main/worker-handle.ts';
import { type SupervisorOptions, WorkerSupervisor } from '../../../src/engine/main/worker-supervisor.ts';

/** A worker that the test controls: real ones start and fail unpredictably. */
export interface Actor {
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

export function actor(events: WorkerEvents): Actor {
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

export interface Stage {
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
export const LIMIT = 4;

/** What the workers share with the main thread. */
export type Machine = Pick<SupervisorOptions, 'mainLoad' | 'processors'>;

/** A supervisor of `workers` workers, none of them ready, whose start settles with the first `first` of them. */
export function starting(
  workers: number,
  first: number,
  maxWorkers: number = workers,
  machine: Machine = {},
): Stage & { readonly ready: Promise<void> } {
  const actors: Actor[] = [];
  const log: string[] = [];
  const done: string[] = [];
  const stage: { refusal: Error | undefined } = { refusal: undefined };
  const supervisor = new WorkerSupervisor({
    ...machine,
    workers,
    maxWorkers,
    log: (_level, _context, message) => void log.push(message),
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

export async function started(
  workers: number,
  maxWorkers: number = workers,
  machine?: Machine,
): Promise<Stage> {
  const stage = starting(workers, workers, maxWorkers, machine);
  for (const one of stage.actors) await one.start();
  await stage.ready;
  return stage;
}

/** For all tests of a file. */
export function setUp(): void {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });
}
