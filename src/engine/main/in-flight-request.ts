import { cutText, free, type WasmcpError } from '../../../host/index.ts';
import type { Deadline } from '../../http/deadline.ts';
import type { GuestRequest } from '../../http/handler.ts';
import type { RequestRecord } from '../../http/request-record.ts';
import type { ResponseWriter } from '../../http/response.ts';
import {
  type FromWorker,
  OPERATIONS_AT,
  type Post,
  SMALL,
  type ToWorker,
  type Usage,
} from '../protocol/messages.ts';
import type { Phase } from '../protocol/time-limits.ts';
import { BodyForwarder } from './body-forwarder.ts';

/** One request, queued or running, seen from the main thread. */
export class InFlightRequest {
  readonly id: number;
  /** In milliseconds of `performance.now()`. */
  readonly receivedAt: number;
  /** A guest may be waiting for it. */
  readonly awaited: boolean;
  readonly deadline: Deadline;
  /** Where it runs; undefined while it waits. */
  worker: { abort(request: InFlightRequest, reason: string): void } | undefined = undefined;
  /** The reason why it ended was logged. */
  reported = false;
  #phase: Phase = 'waiting';
  readonly #request: GuestRequest;
  readonly #target: ResponseWriter;
  readonly #moved: (request: InFlightRequest) => void;
  readonly #body: BodyForwarder | undefined;
  readonly #record: RequestRecord | undefined;
  /** Since when it waits for a worker, or its guest runs; only with a record. */
  #since = 0;
  #post: Post | undefined;

  /** Calls `moved` when the response begins, progresses or is over, and before that for each part of an upload that is read. */
  constructor(
    id: number,
    request: GuestRequest,
    target: ResponseWriter,
    deadline: Deadline,
    moved: (request: InFlightRequest) => void,
  ) {
    const { receivedAt, awaited = false, body, record } = request;
    this.id = id;
    this.receivedAt = receivedAt;
    this.awaited = awaited;
    this.deadline = deadline;
    this.#request = request;
    this.#target = target;
    this.#moved = moved;
    this.#record = record;
    if (record !== undefined) this.#since = performance.now();
    if (body === undefined || body instanceof Uint8Array) return;
    this.#body = new BodyForwarder(id, body, {
      ended: () => this.#bodyEnded(),
      failed: (error) => this.#bodyFailed(error),
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** More of the body may arrive. */
  get arriving(): boolean {
    return this.#body?.arriving ?? false;
  }

  /** For the log. */
  label(): string {
    const { method, path } = this.#request;
    // Queries carry secrets; paths say enough.
    return cutText(`${method} ${path.split('?', 1)[0]}`);
  }

  /** Gives the request to a worker. `due` is when the response must have begun, see `toShared`. */
  start(post: Post, due: number): void {
    const { method, scheme, authority, path, headers, body, fence, change, env } = this.#request;
    const whole = body instanceof Uint8Array ? packed(body) : undefined;
    this.#post = post;
    if (this.#record !== undefined) this.#record.queue += this.#elapsed();
    // Each property by its name, which costs less than to copy all but some.
    const message: ToWorker = {
      type: 'request',
      id: this.id,
      method,
      scheme,
      authority,
      path,
      headers,
      body: whole,
      follows: this.#body !== undefined,
      due,
      fence,
      env,
      trace: this.#record?.trace,
      change,
    };
    post(message, typeof whole === 'object' ? [whole.buffer] : undefined);
    this.#body?.start(post);
  }

  receive(message: FromWorker): void {
    if (message.type === 'operations') {
      this.#record?.did(message.operations);
      return;
    }
    if (message.type === 'taken') this.#body?.taken(message.bytes);
    // A guest that reads while the client still sends is waiting for the client, which counts as progress.
    const reads = this.#phase === 'waiting' && this.arriving && message.type === 'taken';
    if (reads || this.#phase === 'streaming') this.#moved(this);
    if (this.#phase !== 'over') this.#deliver(message);
    else if (message.type === 'chunk') free(message.bytes);
  }

  /** What its guest has used. */
  used(usage: Usage): void {
    const record = this.#record;
    if (record === undefined) return;
    record.cpu += usage[0] as number;
    if (usage.length > OPERATIONS_AT) record.did(usage, OPERATIONS_AT);
  }

  /** The client has responded to what the guest asked: the guest has as much time as after any other part of the response. */
  resumed(): void {
    this.#credit(0);
  }

  /** The client disconnected. */
  gone(): void {
    if (this.#phase === 'over') return;
    this.#enter('over');
    this.#post?.({ type: 'gone', id: this.id });
  }

  /** Ends its guest; the client gets the error if its response is not over. */
  abort(error: WasmcpError): void {
    this.fail(error);
    this.deadline.cancel();
    this.worker?.abort(this, error.message);
  }

  /** Sends the client an error, or aborts a response that was begun. Nothing is delivered afterwards. */
  fail(error: WasmcpError): void {
    if (this.#phase === 'over') return;
    this.gone();
    this.#target.fail(error);
  }

  /** The guest has finished, its worker has exited, or the request will never get one. */
  finish(): void {
    if (this.#record !== undefined) this.#recordEnd(this.#record);
    this.deadline.cancel();
    this.#post = undefined;
    this.#body?.stop();
    this.#target.finished();
  }

  #recordEnd(record: RequestRecord): void {
    const start = this.#since;
    const duration = this.#elapsed();
    if (this.worker !== undefined) record.worked({ start, duration });
    else record.queue += duration;
  }

  /** Milliseconds since it was called last. */
  #elapsed(): number {
    const before = this.#since;
    this.#since = performance.now();
    return this.#since - before;
  }

  #deliver(message: FromWorker): void {
    const target = this.#target;
    if (message.type === 'head') {
      target.head(message.status, message.headers);
      this.#enter('streaming');
    } else if (message.type === 'answer') {
      // The guest has finished and needs no credit.
      this.#post = undefined;
      target.head(message.status, message.headers, message.isIndependent);
      if (message.body !== '') target.chunk(Buffer.from(message.body, 'latin1'), ignore);
      target.end([]);
      this.#enter('over');
    } else if (message.type === 'chunk') {
      target.chunk(message.bytes, this.#credit);
    } else if (message.type === 'end') {
      target.end(message.trailers);
      this.#enter('over');
    }
  }

  readonly #credit = (bytes: number): void => {
    this.#post?.({ type: 'credit', id: this.id, bytes });
    if (this.#phase === 'streaming') this.#moved(this);
  };

  #enter(next: Phase): void {
    this.#phase = next;
    this.#moved(this);
  }

  #bodyEnded(): void {
    if (this.#phase === 'waiting') this.#moved(this);
  }

  /** Once a guest has begun its response, the guest decides what a client that stops sending gets. */
  #bodyFailed(error: WasmcpError | undefined): void {
    if (error !== undefined && (error.code !== 'body-timeout' || this.#phase === 'waiting')) this.fail(error);
  }
}

function ignore(): void {}

/** The body in the form in which it is posted. A large one is copied, because its memory is transferred. */
function packed(body: Uint8Array): Uint8Array<ArrayBuffer> | string {
  const { buffer, byteOffset, byteLength } = body;
  if (byteLength <= SMALL) return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
  return new Uint8Array(body);
}
