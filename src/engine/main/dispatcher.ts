import { cutText, Table, WasmcpError } from '../../../host/index.ts';
import { createDeadline } from '../../http/deadline.ts';
import type { GuestRequest, RequestHandle } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import type { Collect } from '../memory/collect.ts';
import type { Ledger } from '../memory/ledger.ts';
import { createMemoryWatch } from '../memory/watch.ts';
import type { GuestFailure } from '../protocol/messages.ts';
import { createRecentKinds } from '../recent-kinds.ts';
import { createDispensable } from './dispensable.ts';
import { createInFlightRequest, type InFlightRequest } from './in-flight-request.ts';
import type { QueuedRequest } from './queued-request.ts';
import type { GuestVoice, WorkerEvents, WorkerHandle } from './worker-handle.ts';
import { createWorkerSupervisor, type WorkerCounts } from './worker-supervisor.ts';

export interface DispatcherOptions extends GuestVoice {
  /** Worker threads. */
  readonly workers: number;
  /** Maximum number of live guests in one worker; instantiation slows down with their number. */
  readonly liveLimit: number;
  /** Maximum number of requests that wait for a worker; one more is refused. */
  readonly queueLimit: number;
  /**
   * Milliseconds from the arrival of a request's head and body to the head of its response, including the wait for a
   * worker; also the maximum from the response's end, or the client's disconnection, until the guest returns.
   */
  readonly timeout: number;
  /** Maximum time without progress of a response that has begun, in milliseconds. */
  readonly streamIdle: number;
  /** The process's memory: requests wait while too much is in use. */
  readonly ledger: Ledger;
  readonly collect: Collect;
  start(events: WorkerEvents): WorkerHandle;
}

/** The current load. */
export interface DispatcherLoad extends WorkerCounts {
  /** Requests that wait for a worker. */
  readonly waiting: number;
}

/** The workers, and the requests that run in them or wait for one. */
export interface Dispatcher {
  /** Settles when `first` workers can take requests, see `WorkerSupervisor`. */
  start(first: number): Promise<void>;
  handle(request: GuestRequest, target: ResponseWriter): RequestHandle;
  load(): DispatcherLoad;
  /** Accepts no new requests; waits at most `limit` milliseconds for those in flight, then ends the workers. */
  close(limit: number): Promise<void>;
}

/**
 * Guests that keep a worker busy often come in groups. A request that waited behind one gets only a worker that runs
 * nothing else, for this many milliseconds or this part of the time that it may wait: no other request is lost with it.
 */
const SUSPICION = { milliseconds: 1000, part: 1 / 4 };

/** Milliseconds after which a guest that keeps its worker busy is expected to go on: others only begin slowly. */
const LONG = 250;

/** The part of its time in which a request like those that keep workers busy gets only a worker that runs nothing else. */
const LIKE_PART = 1 / 2;

/** Places in each worker for requests that a guest there may be waiting for. */
const RESERVED = 16;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const tickets = new Table<number, QueuedRequest>();
  const queue = new Table<number, QueuedRequest>();
  /** Served before all others. */
  const awaitedQueue = new Table<number, QueuedRequest>();
  const crew = createWorkerSupervisor({
    ...options,
    done: (exchange, failure) => settle(exchange.id, failure),
    returned: takeBack,
    room: fill,
    looked(guests) {
      memory.look();
      if (guests === 0) memory.quiet();
    },
  });
  const memory = createMemoryWatch({
    ledger: options.ledger,
    collect: options.collect,
    workers: {
      press() {
        for (const thread of crew.threads()) thread.press(true);
      },
      collectIdle() {
        for (const thread of crew.threads()) if (thread.load === 0) thread.press(false);
      },
      sacrifice,
    },
  });
  /** Guests whose clients have disconnected, or send their bodies for longer than a request may take. */
  const dispensable = createDispensable<QueuedRequest>();
  /** Guests that were told to stop to make room and have not stopped yet. */
  let evicted = 0;
  const suspicion = Math.min(SUSPICION.milliseconds, options.timeout * SUSPICION.part);
  const recent = createRecentKinds();
  let nextId = 0;
  /** Requests that are in a worker. */
  let placed = 0;
  let closing = false;
  let idle: (() => void) | undefined;

  function queueOf({ awaited }: QueuedRequest): Table<number, QueuedRequest> {
    return awaited ? awaitedQueue : queue;
  }

  /** The kinds of requests that keep workers busy. */
  function busyKinds(): ReadonlySet<string> {
    const kinds = new Set<string>();
    if (crew.busy === 0) return kinds;
    for (const { holder } of crew.threads()) {
      const ticket = holder === undefined ? undefined : tickets.get(holder);
      if (ticket !== undefined && performance.now() - ticket.placedAt > LONG) kinds.add(ticket.kind);
    }
    return kinds;
  }

  /** More of the same are likely to keep workers busy, too; that matters where there are others. */
  function isLike(busy: ReadonlySet<string>, { kind }: QueuedRequest): boolean {
    return busy.has(kind) && recent.hasOther(kind, performance.now());
  }

  /** A worker that may take it. */
  function placeFor(
    ticket: QueuedRequest,
    busy: ReadonlySet<string> = busyKinds(),
  ): WorkerHandle | undefined {
    const { awaited, suspectUntil, receivedAt } = ticket;
    // One is always let in: what it finds held may be nobody's.
    if (placed > 0 && !awaited && options.ledger.full) return undefined;
    let isSuspect = performance.now() < suspectUntil;
    if (busy.size > 0 && isLike(busy, ticket)) {
      if (crew.short) return undefined;
      isSuspect ||= performance.now() < receivedAt + options.timeout * LIKE_PART;
    }
    if (isSuspect) return crew.freest(1);
    return crew.freest(options.liveLimit + (awaited ? RESERVED : 0));
  }

  function report(ticket: QueuedRequest, error: WasmcpError): void {
    if (!ticket.reported) void options.log('error', ticket.label, error.message);
    ticket.reported = true;
  }

  function settle(id: number, failure?: GuestFailure): void {
    const ticket = tickets.delete(id);
    if (ticket === undefined) return;
    queueOf(ticket).delete(id);
    ticket.deadline.cancel();
    dispensable.delete(id);
    if (ticket.evicted) evicted -= 1;
    if (ticket.thread !== undefined) placed -= 1;
    if (failure !== undefined) {
      const error = new WasmcpError(failure.code, failure.message);
      // A request that reached no guest is reported to its client only: it would just fill the log.
      if (ticket.thread !== undefined) report(ticket, error);
      ticket.exchange.fail(error);
    }
    ticket.exchange.finish();
    if (tickets.size === 0) idle?.();
  }

  function expire(ticket: QueuedRequest): void {
    if (ticket.thread === undefined) {
      const missing = options.ledger.full ? 'memory' : 'worker';
      const message = `no ${missing} was free within ${options.timeout} ms`;
      settle(ticket.exchange.id, { code: 'queue-full', message });
    } else {
      stop(ticket, new WasmcpError('guest-timeout', overdue(ticket.exchange)));
    }
  }

  function stop(ticket: QueuedRequest, error: WasmcpError): void {
    const { exchange, thread } = ticket;
    if (tickets.get(exchange.id) !== ticket) return;
    if (thread === undefined) {
      settle(exchange.id, error);
      return;
    }
    report(ticket, error);
    exchange.fail(error);
    ticket.deadline.cancel();
    thread.abort(exchange, error.message);
  }

  /** A guest that keeps its worker from reporting its size counts as the largest: it may be growing. */
  function sacrifice(reason: string): void {
    const busy = [...crew.threads()].filter(({ load }) => load > 0);
    const stalled = busy.find((thread) => thread.stalled);
    if (stalled !== undefined) {
      stalled.end(reason);
      return;
    }
    const [largest] = busy.flatMap((thread) => thread.largest ?? []).toSorted((a, b) => b.bytes - a.bytes);
    const ticket = largest && tickets.get(largest.id);
    if (ticket?.thread !== undefined) stop(ticket, new WasmcpError('guest-trapped', reason));
  }

  function overdue(exchange: InFlightRequest): string {
    const { timeout, streamIdle } = options;
    if (exchange.phase === 'waiting') return `the guest did not respond within ${timeout} ms`;
    if (exchange.phase === 'streaming') return `the response made no progress within ${streamIdle} ms`;
    return `the guest did not return within ${timeout} ms after its response ended`;
  }

  function run(ticket: QueuedRequest, thread: WorkerHandle): void {
    queueOf(ticket).delete(ticket.exchange.id);
    ticket.thread = thread;
    ticket.placedAt = performance.now();
    placed += 1;
    memory.busy();
    thread.run(ticket.exchange);
    crew.watch();
  }

  /** Ends guests that no client waits for, at most one for each queued request. */
  function makeRoom(): void {
    const wanted = queue.size + awaitedQueue.size - evicted;
    for (const ticket of dispensable.take(wanted, ({ thread }) => thread?.responsive === true)) evict(ticket);
  }

  function evict(ticket: QueuedRequest): void {
    const { exchange, thread } = ticket;
    const reason = exchange.phase === 'over' ? 'its client had disconnected' : 'its body arrived too slowly';
    const message = `the guest was ended: ${reason}, and others needed its place`;
    void options.log('warn', ticket.label, message);
    ticket.reported = true;
    ticket.evicted = true;
    evicted += 1;
    exchange.fail(new WasmcpError('queue-full', message));
    ticket.deadline.cancel();
    thread!.abort(exchange, message);
  }

  function fill(): void {
    if (queue.size + awaitedQueue.size === 0) return;
    const busy = busyKinds();
    for (const waiting of [awaitedQueue, queue]) {
      fillFrom(waiting, busy, false);
      if (busy.size > 0) fillFrom(waiting, busy, true);
    }
    makeRoom();
  }

  /** Those of the kinds that keep workers busy, or the others. */
  function fillFrom(waiting: Table<number, QueuedRequest>, busy: ReadonlySet<string>, ofThem: boolean): void {
    for (const ticket of waiting.values()) {
      if (busy.has(ticket.kind) !== ofThem) continue;
      const thread = placeFor(ticket, busy);
      if (thread !== undefined) run(ticket, thread);
      else if (ticket.suspectUntil === 0) break;
    }
  }

  /** Their turn had come already. */
  function takeBack(exchanges: readonly InFlightRequest[]): void {
    const others = [...awaitedQueue.clear(), ...queue.clear()];
    for (const { id } of exchanges) {
      const ticket = tickets.get(id)!;
      if (ticket.thread !== undefined) placed -= 1;
      ticket.thread = undefined;
      ticket.suspectUntil = performance.now() + suspicion;
      queueOf(ticket).add(id, ticket);
    }
    for (const ticket of others) queueOf(ticket).add(ticket.exchange.id, ticket);
  }

  function admit(request: GuestRequest, target: ResponseWriter): QueuedRequest {
    const id = nextId++;
    const path = request.path.split('?', 1)[0]!;
    recent.seen(path, performance.now());
    const exchange = createInFlightRequest(id, request, target, () => {
      const limit = exchange.phase === 'streaming' ? options.streamIdle : options.timeout;
      ticket.deadline.restart(limit);
      if (exchange.phase !== 'waiting' || !exchange.arriving) dispensable.delete(id);
      else if (performance.now() - request.receivedAt > options.timeout) dispensable.add(id, ticket);
    });
    const ticket: QueuedRequest = {
      exchange,
      receivedAt: request.receivedAt,
      awaited: request.awaited ?? false,
      deadline: createDeadline(request.receivedAt, options.timeout, () => expire(ticket)),
      // Queries carry secrets; paths say enough.
      label: cutText(`${request.method} ${path}`),
      kind: path,
      thread: undefined,
      placedAt: 0,
      suspectUntil: 0,
      reported: false,
      evicted: false,
    };
    tickets.add(id, ticket);
    return ticket;
  }

  function turnAway(): void {
    for (const { exchange } of [...awaitedQueue.values(), ...queue.values()]) {
      settle(exchange.id, {
        code: 'server-closing',
        message: 'the server closed before a worker was free',
      });
    }
  }

  return {
    start: crew.start,
    handle(request, target) {
      const ticket = admit(request, target);
      const { exchange } = ticket;
      const thread = placeFor(ticket);
      if (closing) settle(exchange.id, { code: 'server-closing', message: 'the server is closing' });
      else if (thread !== undefined) run(ticket, thread);
      else if (queue.size + awaitedQueue.size < options.queueLimit) {
        queueOf(ticket).add(exchange.id, ticket);
        makeRoom();
      } else
        settle(exchange.id, {
          code: 'queue-full',
          message: `${options.queueLimit} requests are already waiting`,
        });
      return {
        cancel() {
          const left = exchange.phase !== 'over';
          exchange.gone();
          if (ticket.thread === undefined) settle(exchange.id);
          else if (left && tickets.get(exchange.id) !== undefined) dispensable.add(exchange.id, ticket);
        },
        stop: (failure) => stop(ticket, failure),
      };
    },
    load: () => ({ ...crew.census(), waiting: queue.size + awaitedQueue.size }),
    async close(limit) {
      closing = true;
      if (tickets.size > 0) {
        const quiet = Promise.withResolvers<void>();
        idle = quiet.resolve;
        const timer = setTimeout(quiet.resolve, limit);
        await quiet.promise;
        clearTimeout(timer);
      }
      turnAway();
      memory.close();
      await crew.close();
      turnAway();
    },
  };
}
