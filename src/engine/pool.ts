import { WasmcpError } from '../../host/index.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { createExchange, type Exchange } from './exchange.ts';
import type { GuestFailure } from './protocol.ts';
import type { Call, GuestRequest, ResponseTarget } from './request.ts';
import type { GuestVoice, Thread, ThreadEvents } from './thread.ts';

export interface PoolOptions extends GuestVoice {
  /** Worker threads. */
  readonly workers: number;
  /** Most guests alive in one worker; instantiation slows down as they grow in number. */
  readonly liveLimit: number;
  /** Most requests that wait for a worker; one more is refused. */
  readonly queueLimit: number;
  /**
   * Milliseconds that a request may wait for a worker; that a guest has until the head of its response is there; and
   * that it has again from the response's end, or the client's leaving, until it returns.
   */
  readonly timeout: number;
  /** Longest silence of a response that has begun, in milliseconds. */
  readonly streamIdle: number;
  start(events: ThreadEvents): Thread;
}

/** The workers, and the requests that run in them or wait for one. */
export interface Pool {
  /** Settles when every worker can take requests; rejects with the first reason why one cannot. */
  start(): Promise<void>;
  handle(request: GuestRequest, target: ResponseTarget): Call;
  /** No new requests; waits for those under way, `limit` milliseconds at most, then ends the workers. */
  close(limit: number): Promise<void>;
}

/** Milliseconds before a worker that could not start is tried again. */
const RESTART_DELAY = 1000;

/** A request on its way. */
interface Ticket {
  readonly exchange: Exchange;
  readonly deadline: Deadline;
  /** For the log. */
  readonly label: string;
  /** Where it runs; undefined while it waits. */
  thread: Thread | undefined;
  /** What ended it was logged. */
  reported: boolean;
}

export function createPool(options: PoolOptions): Pool {
  const threads = new Set<Thread>();
  const tickets = new Map<number, Ticket>();
  const queue = new Set<Ticket>();
  const restarts = new Set<NodeJS.Timeout>();
  let nextId = 0;
  let started = false;
  let closing = false;
  let idle: (() => void) | undefined;

  function spawn(): Thread {
    let wasReady = false;
    const thread: Thread = options.start({
      output: options.output,
      log: options.log,
      degraded: options.degraded,
      done(exchange, failure) {
        settle(exchange.id, failure);
        fill(thread);
      },
      gone(lost, reason) {
        threads.delete(thread);
        for (const { id } of lost) settle(id, { code: 'worker-lost', message: reason });
        if (!started || closing) return;
        if (wasReady) replace();
        else replaceLater();
        if (wasReady && lost.length === 0) void options.log('error', 'engine', reason);
      },
    });
    threads.add(thread);
    thread.ready.then(
      () => {
        wasReady = true;
        fill(thread);
      },
      () => {},
    );
    return thread;
  }

  function replace(): void {
    spawn().ready.catch((error: Error) => options.log('error', 'engine', error.message));
  }

  function replaceLater(): void {
    const timer = setTimeout(() => {
      restarts.delete(timer);
      replace();
    }, RESTART_DELAY);
    restarts.add(timer);
  }

  function report(ticket: Ticket, error: WasmcpError): void {
    if (!ticket.reported) void options.log('error', ticket.label, error.message);
    ticket.reported = true;
  }

  function settle(id: number, failure?: GuestFailure): void {
    const ticket = tickets.get(id);
    if (ticket === undefined) return;
    tickets.delete(id);
    queue.delete(ticket);
    ticket.deadline.cancel();
    if (failure !== undefined) {
      const error = new WasmcpError(failure.code, failure.message);
      // A request that no guest took is no news of a guest: its client is told, the log would only fill up.
      if (ticket.thread !== undefined) report(ticket, error);
      ticket.exchange.fail(error);
    }
    ticket.exchange.finish();
    if (tickets.size === 0) idle?.();
  }

  function expire(ticket: Ticket): void {
    const { exchange, thread } = ticket;
    if (thread === undefined) {
      settle(exchange.id, { code: 'queue-full', message: `no worker was free within ${options.timeout} ms` });
      return;
    }
    const error = new WasmcpError('guest-timeout', overdue(exchange));
    report(ticket, error);
    exchange.fail(error);
    ticket.deadline.cancel();
    thread.abort(exchange, error.message);
  }

  function overdue(exchange: Exchange): string {
    const { timeout, streamIdle } = options;
    if (exchange.phase === 'waiting') return `the guest did not answer within ${timeout} ms`;
    if (exchange.phase === 'streaming') return `the response did not get on within ${streamIdle} ms`;
    return `the guest did not return within ${timeout} ms after its response was over`;
  }

  function run(ticket: Ticket, thread: Thread): void {
    queue.delete(ticket);
    ticket.thread = thread;
    ticket.deadline.restart();
    thread.run(ticket.exchange);
  }

  function fill(thread: Thread): void {
    for (const ticket of queue) {
      if (!hasRoom(thread)) return;
      run(ticket, thread);
    }
  }

  function hasRoom(thread: Thread): boolean {
    return thread.available && thread.load < options.liveLimit;
  }

  function freest(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of threads) {
      if (hasRoom(thread) && thread.load < (best?.load ?? Number.POSITIVE_INFINITY)) best = thread;
    }
    return best;
  }

  function admit(request: GuestRequest, target: ResponseTarget): Ticket {
    const id = nextId++;
    const exchange = createExchange(id, request, target, () => {
      const limit = exchange.phase === 'streaming' ? options.streamIdle : options.timeout;
      ticket.deadline.restart(limit);
    });
    const ticket: Ticket = {
      exchange,
      deadline: createDeadline(options.timeout, () => expire(ticket)),
      // Queries carry secrets; paths say enough.
      label: `${request.method} ${request.path.split('?', 1)[0]}`,
      thread: undefined,
      reported: false,
    };
    tickets.set(id, ticket);
    return ticket;
  }

  return {
    async start() {
      for (let i = 0; i < options.workers; i++) spawn();
      await Promise.all([...threads].map((thread) => thread.ready));
      started = true;
    },
    handle(request, target) {
      const ticket = admit(request, target);
      const { exchange } = ticket;
      const thread = freest();
      if (closing) settle(exchange.id, { code: 'server-closing', message: 'the server is closing' });
      else if (thread !== undefined) run(ticket, thread);
      else if (queue.size < options.queueLimit) queue.add(ticket);
      else settle(exchange.id, { code: 'queue-full', message: `${queue.size} requests wait already` });
      return {
        gone() {
          exchange.gone();
          if (ticket.thread === undefined) settle(exchange.id);
        },
      };
    },
    async close(limit) {
      closing = true;
      for (const timer of restarts) clearTimeout(timer);
      if (tickets.size > 0) {
        const quiet = Promise.withResolvers<void>();
        idle = quiet.resolve;
        const timer = setTimeout(quiet.resolve, limit);
        await quiet.promise;
        clearTimeout(timer);
      }
      for (const { exchange } of queue) {
        settle(exchange.id, {
          code: 'server-closing',
          message: 'the server closed before a worker was free',
        });
      }
      await Promise.all([...threads].map((thread) => thread.close()));
    },
  };
}
