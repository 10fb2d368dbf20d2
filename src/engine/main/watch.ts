import type { Change, WasmcpErrorCode } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Notifies a component's `wasi:keyvalue/watcher` of changes, one after the other. */
export interface Watch {
  /** As `Dispatcher.start`. */
  start(): Promise<void>;
  /** Never fails; failures are logged. Returns a promise if many changes are waiting, which settles when they are fewer. */
  tell(change: Change): Promise<void> | undefined;
  /** Delivers what it can within `limit` milliseconds, then ends. */
  close(limit: number): Promise<void>;
}

export interface WatchOptions {
  /** Used for nothing else: a watcher that hangs affects no request. Closed by `close`. */
  readonly pool: Pick<Dispatcher, 'start' | 'handle' | 'close'>;
  readonly log: (level: string, context: string, message: string) => unknown;
  /** Maximum number of queued changes, 10,000 by default, and bytes of their values, 64 MiB. Others are dropped. */
  readonly maxChanges?: number;
  readonly maxBytes?: number;
}

/** The part of the limits above which `tell` asks to wait. */
const MANY = 1 / 8;

export function createWatch(options: WatchOptions): Watch {
  const { pool, log, maxChanges = 10_000, maxBytes = 64 * 1024 ** 2 } = options;
  const waiting: Change[] = [];
  let bytes = 0;
  let lost = 0;
  let telling: Promise<void> | undefined;
  let closed = false;
  let room: PromiseWithResolvers<void> | undefined;

  const isMuch = (): boolean => waiting.length > maxChanges * MANY || bytes > maxBytes * MANY;

  function take(): Change | undefined {
    const change = waiting.shift();
    if (change !== undefined) bytes -= size(change);
    if (lost > 0) log('error', 'watcher', `${lost} changes were not delivered: too many were waiting`);
    lost = 0;
    if (!isMuch()) makeRoom();
    return change;
  }

  function makeRoom(): void {
    room?.resolve();
    room = undefined;
  }

  async function tellAll(): Promise<void> {
    for (let change = take(); change !== undefined && !closed; change = take()) {
      await tellOne(pool, change);
    }
    telling = undefined;
  }

  return {
    start: () => pool.start(1),
    tell(change) {
      if (closed || waiting.length >= maxChanges || bytes + size(change) > maxBytes) {
        lost += 1;
        return undefined;
      }
      waiting.push(change);
      bytes += size(change);
      telling ??= tellAll();
      if (!isMuch()) return undefined;
      room ??= Promise.withResolvers();
      return room.promise;
    },
    async close(limit) {
      const timer = Promise.withResolvers<void>();
      const handle = setTimeout(timer.resolve, limit);
      await Promise.race([telling, timer.promise]);
      clearTimeout(handle);
      closed = true;
      makeRoom();
      lost += waiting.length;
      if (lost > 0) log('error', 'watcher', `${lost} changes were not delivered: the server was closed`);
      await pool.close(0);
    },
  };
}

/** Settles when the watcher has returned or failed. */
async function tellOne(pool: WatchOptions['pool'], change: Change): Promise<void> {
  // Retries while its worker is being replaced, however long that takes.
  while ((await attempt(pool, change)) === 'queue-full');
}

function attempt(pool: WatchOptions['pool'], change: Change): Promise<WasmcpErrorCode | undefined> {
  return new Promise((done) => {
    const target: ResponseWriter = {
      head() {},
      chunk() {},
      end: () => done(undefined),
      fail: ({ code }) => done(code),
      finished() {},
    };
    pool.handle({ ...REQUEST, method: `on-${change.kind}`, receivedAt: performance.now(), change }, target);
  });
}

/** What a log line names; keys may contain secrets. */
const REQUEST = {
  scheme: 'http',
  authority: undefined,
  path: 'wasi:keyvalue/watcher',
  headers: [],
  body: undefined,
} as const satisfies Partial<GuestRequest>;

function size(change: Change): number {
  return change.kind === 'set' ? change.value.length : 0;
}
