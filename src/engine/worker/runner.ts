import {
  createExchange,
  cutText,
  GuestExit,
  type HttpErrorCode,
  type Outcome,
  Table,
} from '../../../host/index.ts';
import type { FromWorker, GuestFailure, RequestMessage, ToWorker } from '../protocol/messages.ts';
import { toFields } from './fields.ts';
import type { InstancePool } from './instance-pool.ts';
import type { GuestInstance } from './instances.ts';
import type { OutputChannel } from './output.ts';
import { createRequestBody, type RequestBody } from './request-body.ts';
import { createPostedResponse, type PostedResponse } from './response-sink.ts';

/** Runs guests in this thread, each request in an instance that no other request uses at the same time. */
export interface Runner {
  run(request: RequestMessage): void;
  /** A message from the main thread about a request in flight; ignored if the request is finished. */
  receive(message: MessageAboutRequest): void;
  /** The request with the largest guest, and its size in bytes; undefined if none is in flight. */
  largest(): { readonly id: number; readonly bytes: number } | undefined;
}

export type MessageAboutRequest = Exclude<
  ToWorker,
  { type: 'request' | 'output-taken' | 'press' | 'beat' | 'withdrawn' | 'close' }
>;

interface Live {
  readonly id: number;
  readonly instance: GuestInstance;
  readonly body: RequestBody;
  readonly response: PostedResponse;
}

export interface RunnerParts {
  readonly instances: InstancePool<GuestInstance>;
  readonly output: OutputChannel;
  readonly post: (message: FromWorker) => void;
}

export function createRunner({ instances, output, post }: RunnerParts): Runner {
  const live = new Table<number, Live>();

  async function run(request: RequestMessage): Promise<void> {
    const { id } = request;
    const io = output.open(id);
    const response = createPostedResponse(id, post);
    let failure: GuestFailure | undefined;
    try {
      const instance = instances.take();
      instance.guest.begin();
      instance.connect(io);
      failure = await serve(request, instance, response);
      const poisoned = failure !== undefined || response.abandoned || instance.guest.ended !== undefined;
      instance.guest.end('the request is over');
      instance.guest.release();
      // The guest's host objects are released, unless the instance keeps its state for the next request.
      if (!instances.give(instance, { poisoned })) instance.guest.budget.reset();
      instance.settled();
    } catch (error) {
      failure = failureOf(error, response);
    }
    io.end();
    post({ type: 'done', id, ...(failure && { failure }) });
  }

  async function serve(
    request: RequestMessage,
    instance: GuestInstance,
    response: PostedResponse,
  ): Promise<GuestFailure | undefined> {
    const { guest, handle, tell } = instance;
    const { id } = request;
    const { follows, body: whole } = request;
    const body = createRequestBody((bytes) => {
      if (follows) post({ type: 'taken', id, bytes });
    });
    if (whole !== undefined) body.push(typeof whole === 'string' ? Buffer.from(whole, 'latin1') : whole);
    if (!follows) body.end([]);
    const head = {
      method: request.method,
      scheme: request.scheme,
      authority: request.authority,
      pathWithQuery: request.path,
      headers: toFields(request.headers),
    };
    const exchange = createExchange(guest, head, body, response);
    live.add(id, { id, instance, body, response });
    try {
      if (request.change !== undefined) {
        await tell(request.change);
        response.end();
        return undefined;
      }
      await handle(exchange.request, exchange.responseOut);
      return describe(exchange.outcome(), response);
    } catch (error) {
      return failureOf(error, response);
    } finally {
      live.delete(id);
    }
  }

  return {
    run: (request) => void run(request),
    receive(message) {
      const found = live.get(message.id);
      if (found === undefined) return;
      const { instance, body, response } = found;
      if (message.type === 'body') body.push(message.bytes);
      else if (message.type === 'body-end') body.end(message.trailers);
      else if (message.type === 'body-failed') body.fail();
      else if (message.type === 'credit') response.credit(message.bytes);
      else if (message.type === 'gone') response.gone();
      else instance.guest.end(message.reason);
    },
    largest() {
      let most: { id: number; bytes: number } | undefined;
      for (const { id, instance } of live.values()) {
        const bytes = instance.held();
        if (most === undefined || bytes > most.bytes) most = { id, bytes };
      }
      return most;
    },
  };
}

function failureOf(error: unknown, response: PostedResponse): GuestFailure | undefined {
  if (error instanceof GuestExit) {
    if (response.complete && error.ok) return undefined;
    return { code: 'guest-trapped', message: `${error.message} before its response was complete` };
  }
  // Trap messages of generated code can have many lines; the first one is enough.
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return { code: 'guest-trapped', message: `the guest trapped: ${cutText(reason!)}` };
}

function describe(outcome: Outcome, response: PostedResponse): GuestFailure | undefined {
  switch (outcome.kind) {
    case 'answered':
      return undefined;
    case 'refused':
      return {
        code: 'guest-error-response',
        message: `the guest responded with the error ${describeCode(outcome.code)}`,
      };
    case 'unanswered':
      return { code: 'guest-no-response', message: 'the guest returned without a response' };
    case 'unfinished':
      // Without a client there was no reason to finish it.
      if (response.abandoned) return undefined;
      return {
        code: 'guest-no-response',
        message: 'the guest returned without finishing the body of its response',
      };
  }
}

function describeCode({ tag, val }: HttpErrorCode): string {
  return typeof val === 'string' ? `${tag}: ${val}` : tag;
}
