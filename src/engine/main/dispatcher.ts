import { Table, WasmcpError } from '../../../host/index.ts';
import { createDeadline } from '../../http/deadline.ts';
import type { GuestRequest, RequestHandle } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { createMemoryWatch, type MemoryWatch } from '../../process/memory/watch.ts';
import { toShared } from '../protocol/clock.ts';
import type { GuestFailure } from '../protocol/messages.ts';
import { limitOf, overdueMessage } from '../protocol/time-limits.ts';
import type { DispatcherLoad, DispatcherOptions } from './dispatcher-options.ts';
import { Evictions } from './evictions.ts';
import { InFlightRequest } from './in-flight-request.ts';
import { createMemoryActions } from './memory-actions.ts';
import { type QueuedRequest, RequestQueue } from './request-queue.ts';
import type { WorkerHandle } from './worker-handle.ts';
import { WorkerSupervisor } from './worker-supervisor.ts';

/** Places in each worker for requests that a guest there may be waiting for. */
const RESERVED = 16;

/** Gives requests to workers, and keeps those that wait for one. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #supervisor: WorkerSupervisor;
  readonly #memory: MemoryWatch;
  readonly #requests = new Table<number, QueuedRequest>();
  readonly #queue = new RequestQueue();
  readonly #evictions: Evictions;
  #nextId = 0;
  /** Requests that are in a worker. */
  #placed = 0;
  #closing = false;
  #idle: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#evictions = new Evictions(options.log);
    this.#supervisor = new WorkerSupervisor({
      ...options,
      done: ({ id }, failure) => this.#settle(id, failure),
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
    const queued = this.#admit(request, target);
    const worker = this.#placeFor(queued);
    const { queueLimit } = this.#options;
    if (this.#closing) this.#refuse(queued, 'server-closing', 'the server is closing');
    else if (worker !== undefined) this.#run(queued, worker);
    else if (this.#queue.size < queueLimit) {
      this.#queue.add(queued);
      this.#evictions.makeRoom(this.#queue.size);
    } else this.#refuse(queued, 'queue-full', `${queueLimit} requests are already waiting`);
    return {
      cancel: () => this.#cancel(queued),
      stop: (failure) => this.#stop(queued, failure),
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

  #admit(request: GuestRequest, target: ResponseWriter): QueuedRequest {
    const id = this.#nextId++;
    const { limits } = this.#options;
    const inFlight = new InFlightRequest(id, request, target, () => this.#moved(queued));
    const { receivedAt, awaited = false } = request;
    const queued: QueuedRequest = {
      inFlight,
      receivedAt,
      awaited,
      deadline: createDeadline(receivedAt, limits.timeout, () => this.#expire(queued)),
      worker: undefined,
      reported: false,
      evicted: false,
      isKept: false,
    };
    this.#requests.add(id, queued);
    if (request.place !== undefined) request.place.yield = (mayEnd) => this.#yield(queued, mayEnd);
    return queued;
  }

  /** A worker that may take it. */
  #placeFor({ awaited }: QueuedRequest): WorkerHandle | undefined {
    const { ledger, liveLimit } = this.#options;
    // One request is always admitted: the memory in use may not belong to any guest.
    if (this.#placed > 0 && !awaited && ledger.full) return undefined;
    return this.#supervisor.freest(liveLimit + (awaited ? RESERVED : 0));
  }

  #run(queued: QueuedRequest, worker: WorkerHandle): void {
    this.#queue.delete(queued);
    queued.worker = worker;
    this.#placed += 1;
    this.#memory.busy();
    worker.run(queued.inFlight, toShared(queued.receivedAt + this.#options.limits.timeout));
  }

  #fill(): void {
    if (this.#queue.size === 0) return;
    this.#queue.offer((queued) => {
      const worker = this.#placeFor(queued);
      if (worker !== undefined) this.#run(queued, worker);
      return worker !== undefined;
    });
    this.#evictions.makeRoom(this.#queue.size);
  }

  /** The guest waits for a client that is away, or that client is back. */
  #yield(queued: QueuedRequest, mayEnd: boolean): void {
    if (this.#requests.get(queued.inFlight.id) !== queued) return;
    this.#evictions.keep(queued, mayEnd);
    if (!mayEnd) queued.inFlight.resumed();
    else if (this.#closing) this.#endKept();
    else this.#evictions.makeRoom(this.#queue.size);
  }

  /** Clients that are away will not find this server again. */
  #endKept(): void {
    const failure = new WasmcpError('server-closing', 'the server is closing');
    for (const queued of [...this.#evictions.kept()]) {
      queued.reported = true;
      this.#stop(queued, failure);
    }
  }

  /** The response began, progressed or is over, or more of the body was read. */
  #moved(queued: QueuedRequest): void {
    const { inFlight, receivedAt, deadline } = queued;
    const { limits } = this.#options;
    deadline.restart(limitOf(inFlight.phase, limits));
    if (inFlight.phase !== 'waiting' || !inFlight.arriving) this.#evictions.forbid(queued);
    else if (performance.now() - receivedAt > limits.timeout) this.#evictions.allow(queued);
  }

  #cancel(queued: QueuedRequest): void {
    const { inFlight, worker } = queued;
    const left = inFlight.phase !== 'over';
    inFlight.gone();
    if (worker === undefined) this.#settle(inFlight.id);
    else if (left && this.#requests.get(inFlight.id) !== undefined) this.#evictions.allow(queued);
  }

  #expire(queued: QueuedRequest): void {
    const { ledger, limits } = this.#options;
    const { inFlight, worker } = queued;
    if (worker === undefined) {
      const missing = ledger.full ? 'memory' : 'worker';
      this.#refuse(queued, 'queue-full', `no ${missing} was free within ${limits.timeout} ms`);
    } else {
      this.#stop(queued, new WasmcpError('guest-timeout', overdueMessage(inFlight.phase, limits)));
    }
  }

  #stop(queued: QueuedRequest, error: WasmcpError): void {
    const { inFlight, worker, deadline } = queued;
    if (this.#requests.get(inFlight.id) !== queued) return;
    if (worker === undefined) {
      this.#settle(inFlight.id, error);
      return;
    }
    this.#report(queued, error);
    inFlight.fail(error);
    deadline.cancel();
    worker.abort(inFlight, error.message);
  }

  #sacrifice(id: number, reason: string): void {
    const queued = this.#requests.get(id);
    if (queued?.worker !== undefined) this.#stop(queued, new WasmcpError('guest-trapped', reason));
  }

  #refuse({ inFlight }: QueuedRequest, code: GuestFailure['code'], message: string): void {
    this.#settle(inFlight.id, { code, message });
  }

  #settle(id: number, failure?: GuestFailure): void {
    const queued = this.#requests.delete(id);
    if (queued === undefined) return;
    this.#queue.delete(queued);
    queued.deadline.cancel();
    this.#evictions.settled(queued);
    if (queued.worker !== undefined) this.#placed -= 1;
    if (failure !== undefined) {
      const error = new WasmcpError(failure.code, failure.message);
      // A request that reached no guest is reported to its client only: it would just fill the log.
      if (queued.worker !== undefined) this.#report(queued, error);
      queued.inFlight.fail(error);
    }
    queued.inFlight.finish();
    if (this.#requests.size === 0) this.#idle?.();
  }

  #report(queued: QueuedRequest, error: WasmcpError): void {
    if (!queued.reported) void this.#options.log('error', queued.inFlight.label(), error.message);
    queued.reported = true;
  }

  #turnAway(): void {
    for (const queued of this.#queue.list())
      this.#refuse(queued, 'server-closing', 'the server closed before a worker was free');
  }
}
