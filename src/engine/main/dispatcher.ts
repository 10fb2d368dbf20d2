import { Table, WasmcpError, type WasmcpErrorCode } from '../../../host/index.ts';
import { createDeadline } from '../../http/deadline.ts';
import type { GuestRequest, RequestHandle } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import type { Collect } from '../../process/memory/collect.ts';
import type { Ledger } from '../../process/memory/ledger.ts';
import { createMemoryWatch, type MemoryWatch } from '../../process/memory/watch.ts';
import { toShared } from '../protocol/clock.ts';
import { limitOf, overdueMessage, type TimeLimits } from '../protocol/time-limits.ts';
import { Evictions } from './evictions.ts';
import { InFlightRequest } from './in-flight-request.ts';
import { createMemoryActions } from './memory-actions.ts';
import { RequestQueue } from './request-queue.ts';
import type { WorkerHandle } from './worker-handle.ts';
import { type SupervisorOptions, type WorkerCounts, WorkerSupervisor } from './worker-supervisor.ts';

export interface DispatcherOptions extends Omit<SupervisorOptions, 'done' | 'room'> {
  /** Maximum number of live guests in one worker; instantiation slows down with their number. */
  readonly liveLimit: number;
  /** Maximum number of requests that wait for a worker; one more is refused. */
  readonly queueLimit: number;
  /** How long guests may take; the time until the response starts includes the wait for a worker. */
  readonly limits: TimeLimits;
  /** The process's memory: requests wait while too much is in use. */
  readonly ledger: Ledger;
  readonly collect: Collect;
}

/** The current load. */
export interface DispatcherLoad extends WorkerCounts {
  /** Requests that wait for a worker. */
  readonly waiting: number;
}

/** Places in each worker for requests that a guest there may be waiting for. */
const RESERVED = 16;

/** Gives requests to workers, and keeps those that wait for one. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #supervisor: WorkerSupervisor;
  readonly #memory: MemoryWatch;
  readonly #requests = new Table<number, InFlightRequest>();
  readonly #queue = new RequestQueue();
  readonly #evictions: Evictions;
  #nextId = 0;
  #closing = false;
  #idle: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#evictions = new Evictions(options.log);
    this.#supervisor = new WorkerSupervisor({
      ...options,
      done: (request, failure) =>
        this.#settle(request, failure && new WasmcpError(failure.code, failure.message)),
      room: () => this.#fill(),
    });
    const { ledger, collect } = options;
    const workers = createMemoryActions(
      this.#supervisor,
      (id, reason) => this.#sacrifice(id, reason),
      () => this.#fill(),
    );
    this.#memory = createMemoryWatch({ ledger, collect, workers });
  }

  /** Settles when `first` workers can take requests, see `WorkerSupervisor`. */
  start(first: number): Promise<void> {
    return this.#supervisor.start(first);
  }

  handle(request: GuestRequest, target: ResponseWriter): RequestHandle {
    const admitted = this.#admit(request, target);
    const worker = this.#placeFor(admitted);
    const { queueLimit } = this.#options;
    if (this.#closing) this.#refuse(admitted, 'server-closing', 'the server is closing');
    else if (worker !== undefined) this.#run(admitted, worker);
    else if (this.#queue.size < queueLimit) {
      this.#queue.add(admitted);
      this.#evictions.makeRoom(this.#queue.size);
    } else this.#refuse(admitted, 'queue-full', `${queueLimit} requests are already waiting`);
    return {
      cancel: () => this.#cancel(admitted),
      stop: (failure) => this.#stop(admitted, failure),
    };
  }

  load(): DispatcherLoad {
    return { ...this.#supervisor.counts(), waiting: this.#queue.size };
  }

  /** Accepts no new requests; waits at most `limit` milliseconds for those in flight, then ends the workers. */
  async close(limit: number): Promise<void> {
    this.#closing = true;
    this.#endKept();
    if (this.#requests.size > 0) {
      const quiet = Promise.withResolvers<void>();
      this.#idle = quiet.resolve;
      const timer = setTimeout(quiet.resolve, limit);
      await quiet.promise;
      clearTimeout(timer);
    }
    this.#turnAway();
    this.#memory.close();
    await this.#supervisor.close();
    this.#turnAway();
  }

  #admit(request: GuestRequest, target: ResponseWriter): InFlightRequest {
    const { receivedAt, place } = request;
    const deadline = createDeadline(receivedAt, this.#options.limits.timeout, () => this.#expire(admitted));
    const admitted = new InFlightRequest(this.#nextId++, request, target, deadline, this.#moved);
    this.#requests.add(admitted.id, admitted);
    if (place !== undefined) place.yield = (mayEnd) => this.#yield(admitted, mayEnd);
    return admitted;
  }

  /** A worker that may take it. */
  #placeFor({ awaited }: InFlightRequest): WorkerHandle | undefined {
    const { ledger, liveLimit } = this.#options;
    // One request is always admitted: the memory in use may not belong to any guest.
    if (!awaited && ledger.full && this.#supervisor.counts().guests > 0) return undefined;
    return this.#supervisor.freest(liveLimit + (awaited ? RESERVED : 0));
  }

  #run(request: InFlightRequest, worker: WorkerHandle): void {
    this.#queue.delete(request);
    request.worker = worker;
    this.#memory.busy();
    worker.run(request, toShared(request.receivedAt + this.#options.limits.timeout));
  }

  #fill(): void {
    if (this.#queue.size === 0) return;
    this.#queue.offer((request) => {
      const worker = this.#placeFor(request);
      if (worker !== undefined) this.#run(request, worker);
      return worker !== undefined;
    });
    this.#evictions.makeRoom(this.#queue.size);
  }

  /** The guest waits for a client that is away, or that client is back. */
  #yield(request: InFlightRequest, mayEnd: boolean): void {
    if (!this.#isOpen(request)) return;
    this.#evictions.keep(request, mayEnd);
    if (!mayEnd) request.resumed();
    else if (this.#closing) this.#endKept();
    else this.#evictions.makeRoom(this.#queue.size);
  }

  /** Clients that are away will not find this server again. */
  #endKept(): void {
    const failure = new WasmcpError('server-closing', 'the server is closing');
    for (const request of [...this.#evictions.kept()]) {
      request.reported = true;
      this.#stop(request, failure);
    }
  }

  /** The response began, progressed or is over, or more of the body was read. */
  readonly #moved = (request: InFlightRequest): void => {
    const { limits } = this.#options;
    request.deadline.restart(limitOf(request.phase, limits));
    if (request.phase !== 'waiting' || !request.arriving) this.#evictions.forbid(request);
    else if (performance.now() - request.receivedAt > limits.timeout) this.#evictions.allow(request);
  };

  #cancel(request: InFlightRequest): void {
    const left = request.phase !== 'over';
    request.gone();
    if (request.worker === undefined) this.#settle(request);
    else if (left && this.#isOpen(request)) this.#evictions.allow(request);
  }

  #expire(request: InFlightRequest): void {
    const { ledger, limits } = this.#options;
    if (request.worker === undefined) {
      const missing = ledger.full ? 'memory' : 'worker';
      this.#refuse(request, 'queue-full', `no ${missing} was free within ${limits.timeout} ms`);
    } else {
      this.#stop(request, new WasmcpError('guest-timeout', overdueMessage(request.phase, limits)));
    }
  }

  #stop(request: InFlightRequest, error: WasmcpError): void {
    if (!this.#isOpen(request)) return;
    if (request.worker === undefined) {
      this.#settle(request, error);
      return;
    }
    this.#report(request, error);
    this.#evictions.stops(request);
    request.abort(error);
  }

  #sacrifice(id: number, reason: string): void {
    const request = this.#requests.get(id);
    if (request?.worker !== undefined) this.#stop(request, new WasmcpError('guest-trapped', reason));
  }

  #refuse(request: InFlightRequest, code: WasmcpErrorCode, message: string): void {
    this.#settle(request, new WasmcpError(code, message));
  }

  /** Its guest has not finished yet. */
  #isOpen({ id }: InFlightRequest): boolean {
    return this.#requests.get(id) !== undefined;
  }

  #settle(request: InFlightRequest, error?: WasmcpError): void {
    if (this.#requests.delete(request.id) === undefined) return;
    this.#queue.delete(request);
    this.#evictions.settled(request);
    if (error !== undefined) {
      // A request that reached no guest is reported to its client only: it would just fill the log.
      if (request.worker !== undefined) this.#report(request, error);
      request.fail(error);
    }
    request.finish();
    if (this.#requests.size === 0) this.#idle?.();
  }

  #report(request: InFlightRequest, error: WasmcpError): void {
    if (!request.reported) void this.#options.log('error', request.label(), error.message);
    request.reported = true;
  }

  #turnAway(): void {
    for (const request of this.#queue.list())
      this.#refuse(request, 'server-closing', 'the server closed before a worker was free');
  }
}
