import { WasmcpError } from '../../host/index.ts';
import { createDeadline, type Deadline, type TimeLimits } from './deadline.ts';
import { createExchange, type Exchange, type GuestRequest, type ResponseTarget } from './exchange.ts';
import type { GuestFailure } from './protocol.ts';
import type { Thread, ThreadEvents } from './thread.ts';

export interface PoolOptions extends TimeLimits {
  /** Worker threads. */
  readonly workers: number;
  /** Most guests alive in one worker; instantiation slows down as they grow in number. */
  readonly liveLimit: number;
  /** Most requests that wait for a worker; one more is refused. */
  readonly queueLimit: number;
  start(events: ThreadEvents): Thread;
  /** A guest ended badly, or a worker was lost; for the log. */
  failed(request: GuestRequest, error: WasmcpError): void;
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  log(level: string, context: string, message: string): void;
}

export interface Pool {
  /** Settles when every worker can take requests; rejects with the first reason why one cannot. */
  start(): Promise<void>;
  handle(request: GuestRequest, target: ResponseTarget): Exchange;
  /** No new requests; waits for those under way, `limit` milliseconds at most, then ends the workers. */
  close(limit: number): Promise<void>;
}

/** An aborted guest that has not stopped after so many milliseconds is spinning: its worker is ended. */
const ABORT_GRACE = 100;

/** Milliseconds before a worker that could not start is tried again. */
const RESTART_DELAY = 1000;

interface Ticket {
  readonly exchange: Exchange;
  readonly request: GuestRequest;
  deadline: Deadline | undefined;
  /** Ends the worker of a guest that does not stop. */
  grace: NodeJS.Timeout | undefined;
}

export function createPool(options: PoolOptions): Pool {
  const threads = new Set<Thread>();
  const tickets = new Map<number, Ticket>();
  const queue: Ticket[] = [];
  let nextId = 0;
  let started = false;
  let closing = false;
  let restart: NodeJS.Timeout | undefined;
  let idle: (() => void) | undefined;

  function spawn(): Thread {
    const thread: Thread = options.start({
      output: options.output,
      log: options.log,
      done(exchange, failure) {
        settle(exchange, failure);
        fill(thread);
      },
      gone(lost, wasReady) {
        threads.delete(thread);
        for (const exchange of lost) {
          settle(exchange, { code: 'worker-lost', message: 'the worker that ran this guest was ended' });
        }
        if (closing || !started) return;
        if (wasReady) replace();
        else restart = setTimeout(replace, RESTART_DELAY);
      },
    });
    threads.add(thread);
    return thread;
  }

  function replace(): void {
    const thread = spawn();
    thread.ready.then(
      () => fill(thread),
      (error: Error) => options.log('error', 'engine', error.message),
    );
  }

  function settle(exchange: Exchange, failure: GuestFailure | undefined): void {
    const ticket = tickets.get(exchange.id);
    if (ticket === undefined) return;
    tickets.delete(exchange.id);
    ticket.deadline?.cancel();
    clearTimeout(ticket.grace);
    if (failure !== undefined && ticket.grace === undefined) {
      const error = new WasmcpError(failure.code, failure.message);
      options.failed(ticket.request, error);
      exchange.fail(error);
    } else {
      // A guest that ended without word: nothing happens when the response is complete.
      exchange.fail(new WasmcpError('guest-no-response', 'the guest ended its response half-way'));
    }
    if (tickets.size === 0) idle?.();
  }

  function expire(ticket: Ticket, thread: Thread): void {
    const { exchange, request } = ticket;
    const limit = exchange.answered ? options.streamIdle : options.timeout;
    const error = new WasmcpError('guest-timeout', `the guest did not get on within ${limit} ms`);
    options.failed(request, error);
    exchange.fail(error);
    ticket.grace = setTimeout(() => void thread.terminate(), ABORT_GRACE);
    thread.abort(exchange, error.message);
  }

  function run(ticket: Ticket, thread: Thread): void {
    ticket.deadline = createDeadline(ticket.exchange, options, () => expire(ticket, thread));
    thread.run(ticket.exchange);
  }

  function fill(thread: Thread): void {
    while (threads.has(thread) && thread.running.size < options.liveLimit) {
      const ticket = queue.shift();
      if (ticket === undefined) return;
      ticket.deadline?.cancel();
      if (ticket.exchange.closed) settle(ticket.exchange, undefined);
      else run(ticket, thread);
    }
  }

  function wait(ticket: Ticket): void {
    queue.push(ticket);
    ticket.deadline = createDeadline(ticket.exchange, options, () => {
      queue.splice(queue.indexOf(ticket), 1);
      ticket.exchange.fail(new WasmcpError('queue-full', `no worker was free within ${options.timeout} ms`));
      settle(ticket.exchange, undefined);
    });
  }

  function freest(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of threads) {
      if (thread.running.size >= (best?.running.size ?? options.liveLimit)) continue;
      best = thread;
    }
    return best;
  }

  return {
    async start() {
      for (let i = 0; i < options.workers; i++) spawn();
      await Promise.all([...threads].map((thread) => thread.ready));
      started = true;
    },
    handle(request, target) {
      const id = nextId++;
      const exchange = createExchange(id, request, target, () => tickets.get(id)?.deadline?.touch());
      const ticket: Ticket = { exchange, request, deadline: undefined, grace: undefined };
      if (closing) {
        exchange.fail(new WasmcpError('server-closing', 'the server is closing'));
        return exchange;
      }
      const thread = freest();
      if (thread === undefined && queue.length >= options.queueLimit) {
        exchange.fail(new WasmcpError('queue-full', `${queue.length} requests are waiting already`));
        return exchange;
      }
      tickets.set(id, ticket);
      if (thread === undefined) wait(ticket);
      else run(ticket, thread);
      return exchange;
    },
    async close(limit) {
      closing = true;
      clearTimeout(restart);
      if (tickets.size > 0) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          idle = resolve;
          timer = setTimeout(resolve, limit);
        });
        clearTimeout(timer);
      }
      await Promise.all(
        [...threads].map((thread) => (thread.running.size > 0 ? thread.terminate() : thread.close())),
      );
    },
  };
}
