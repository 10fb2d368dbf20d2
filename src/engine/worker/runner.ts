import { createExchange, Table, WasmcpError } from '../../../host/index.ts';
import { toFields } from '../../http/fields.ts';
import { createInstanceCounter, type InstanceCounts } from '../../snapshot/instance-counter.ts';
import type { InstancePool } from '../../snapshot/instance-pool.ts';
import { fromShared } from '../protocol/clock.ts';
import type { GuestFailure, RequestMessage, ToWorker, Usage } from '../protocol/messages.ts';
import { describeOutcome, failureOf } from './failures.ts';
import type { GuestInstance } from './instances.ts';
import type { Outbox } from './outbox.ts';
import type { GuestOutput, OutputChannel } from './output.ts';
import { RequestBody } from './request-body.ts';
import { PostedResponse } from './response-sink.ts';

/** A request, or a message about one. */
export type RunnerMessage = Exclude<ToWorker, { type: 'output-taken' | 'press' | 'close' }>;

interface InFlight {
  readonly id: number;
  readonly io: GuestOutput;
  readonly instance: GuestInstance;
  readonly body: RequestBody;
  readonly response: PostedResponse;
}

export interface RunnerParts {
  readonly instances: InstancePool<GuestInstance>;
  readonly output: OutputChannel;
  readonly outbox: Outbox;
}

/** Runs guests in this thread, each request in an instance that no other request uses at the same time. */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #live = new Table<number, InFlight>();
  readonly #countInstances: () => InstanceCounts | undefined;
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#countInstances = createInstanceCounter(parts.instances);
  }

  /** A message about a request that is finished is ignored. */
  receive(message: RunnerMessage): void {
    if (message.type === 'request') {
      if (this.#ended === undefined) void this.#run(message);
      return;
    }
    const found = this.#live.get(message.id);
    if (found === undefined) return;
    const { instance, body, response } = found;
    if (message.type === 'body') body.push(message.bytes);
    else if (message.type === 'body-end') {
      instance.scheduled.deadline.received();
      body.end(message.trailers);
    } else if (message.type === 'body-failed') body.fail();
    else if (message.type === 'credit') response.credit(message.bytes);
    else if (message.type === 'gone') response.gone();
    else instance.guest.end(message.reason);
  }

  /** A request that was told to stop before it began. */
  refuse(id: number, reason: string): void {
    this.#done(id, false, undefined, { code: 'guest-trapped', message: reason });
  }

  /** The request with the largest guest, and its size in bytes; undefined if none is in flight. */
  largest(): { readonly id: number; readonly bytes: number } | undefined {
    let most: { id: number; bytes: number } | undefined;
    for (const { id, instance } of this.#live.values()) {
      const bytes = instance.held();
      if (most === undefined || bytes > most.bytes) most = { id, bytes };
    }
    return most;
  }

  /** Ends all guests and begins no more; settles when none is left. */
  end(reason: string): Promise<void> {
    this.#ended ??= Promise.withResolvers();
    for (const { instance } of this.#live.values()) instance.guest.end(reason);
    if (this.#live.size === 0) this.#ended.resolve();
    return this.#ended.promise;
  }

  async #run(request: RequestMessage): Promise<void> {
    const io = this.#parts.output.open(request.id);
    try {
      const started = this.#start(request, io);
      this.#end(started, await this.#serve(request, started));
    } catch (error) {
      io.end();
      const { code, message } = error instanceof WasmcpError ? error : failureOf(error)!;
      this.#done(request.id, false, undefined, { code, message });
    }
  }

  #start(request: RequestMessage, io: GuestOutput): InFlight {
    const { id, follows, due, fence, trace, env } = request;
    const { post } = this.#parts.outbox;
    const instance = this.#parts.instances.take();
    const { guest, scheduled } = instance;
    scheduled.accept(id, fromShared(due));
    guest.begin(fence, trace, env);
    guest.operations?.begin((operations) => post({ type: 'operations', id, operations }));
    instance.connect(io);
    const response = new PostedResponse(id, post, scheduled.deadline);
    const body = new RequestBody((bytes) => {
      if (!follows) return;
      scheduled.deadline.received();
      post({ type: 'taken', id, bytes });
    });
    const started = { id, io, instance, body, response };
    this.#live.add(id, started);
    return started;
  }

  async #serve(
    request: RequestMessage,
    { instance, body, response }: InFlight,
  ): Promise<GuestFailure | undefined> {
    const { guest, handle, tell } = instance;
    const { body: whole } = request;
    if (whole !== undefined) body.push(typeof whole === 'string' ? Buffer.from(whole, 'latin1') : whole);
    if (!request.follows) body.end([]);
    const head = {
      method: request.method,
      scheme: request.scheme,
      authority: request.authority,
      pathWithQuery: request.path,
      headers: toFields(request.headers),
    };
    const exchange = createExchange(guest, head, body, response);
    try {
      if (request.change !== undefined) {
        await tell(request.change);
        response.end();
        return undefined;
      }
      await handle(exchange.request, exchange.responseOut);
      return described(guest.failure) ?? describeOutcome(exchange.outcome(), response);
    } catch (error) {
      return described(guest.failure) ?? instance.scheduled.failure ?? failureOf(error, response);
    }
  }

  /** Its call has returned. */
  #end({ id, io, instance, response }: InFlight, failure: GuestFailure | undefined): void {
    this.#live.delete(id);
    if (this.#live.size === 0) this.#ended?.resolve();
    // What it sent so far must leave now, as it would have if the guest had been suspended.
    if (instance.scheduled.isExhausted) this.#parts.outbox.flush();
    const usage = instance.scheduled.usage();
    const { guest } = instance;
    const { isIndependent } = guest;
    const poisoned = failure !== undefined || response.abandoned || guest.ended !== undefined;
    guest.end('the request is over');
    guest.release();
    // Unless the instance keeps its state for the next request.
    if (!this.#parts.instances.give(instance, { poisoned })) guest.forget();
    instance.settled();
    io.end();
    // Nothing of the guest is under way any more.
    if (usage !== undefined) guest.operations?.moveTo(usage);
    this.#done(id, isIndependent, usage, failure);
  }

  #done(id: number, isIndependent: boolean, usage?: Usage, failure?: GuestFailure): void {
    const instances = usage && this.#countInstances();
    this.#parts.outbox.post({ type: 'done', id, isIndependent, usage, instances, failure });
  }
}

/** A failure as it can be posted. */
function described(failure: WasmcpError | undefined): GuestFailure | undefined {
  return failure && { code: failure.code, message: failure.message };
}
