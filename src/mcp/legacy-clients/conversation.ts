import type { WasmcpError } from '../../../host/index.ts';
import type { GuestRequest, Handler, RequestHandle } from '../../http/handler.ts';
import { INTERNAL_ERROR, OWN_ID, SERVER_ERROR } from '../edge/messages.ts';
import type { RequestSequence } from '../edge/request-sequence.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { HEADER_MISMATCH } from '../modern/codes.ts';
import type { ParamHeaders } from '../modern/param-headers.ts';
import { type ClientStream, createClientStream } from './client-stream.ts';
import { type ModernCall, modernRequest } from './modern-request.ts';
import type { Asked, Asker, Questions } from './questions.ts';
import { type Reading, readResponse } from './read-response.ts';
import { legacyError, legacyResult } from './results.ts';

/** A request of a client, and what it takes to get its response of a guest of 2026-07-28. */
export interface ConversationParts {
  readonly guest: Handler;
  readonly questions: Questions;
  readonly mirrors: ParamHeaders;
  readonly sequence: RequestSequence;
  readonly asker: Asker;
  readonly request: GuestRequest;
  readonly call: ModernCall;
  /** `_meta` that describes the client. */
  readonly meta: JsonObject;
  /** The client accepts a stream. */
  readonly streams: boolean;
  /** The client has its response, or does not want it. */
  ended(): void;
}

/** Most requests to a guest for one of a client: a guest may ask again and again. */
export const MAX_ROUNDS = 32;

/** Most questions of a guest at once. */
export const MAX_QUESTIONS = 64;

/** Most pages of a list of tools that are read to learn which headers a tool wants. */
const MAX_PAGES = 50;

/** Statuses that say more than the error in the body. */
function isMeant(status: number): boolean {
  return status === 401 || status === 403 || status === 429 || status >= 500;
}

/** The way of a request to the guest, and back through what the guest asks of its client. */
export class Conversation {
  readonly #parts: ConversationParts;
  readonly #stream: ClientStream;
  #rounds = 0;
  #isOver = false;
  #hasListed = false;
  #asked: Asked | undefined;
  #working: RequestHandle | undefined;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    this.#stream = createClientStream(parts.sequence.target);
  }

  start(): void {
    this.#send(this.#parts.call.params);
  }

  /** The client does not want the response any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#dispose();
    this.#working?.cancel();
    this.#stream.end();
    this.#stream.flush(() => {});
  }

  /** The client has gone. */
  gone(): void {
    this.#dispose();
  }

  #dispose(): void {
    this.#isOver = true;
    this.#asked?.giveUp();
    this.#asked = undefined;
    this.#parts.ended();
  }

  #send(params: JsonObject): void {
    const { call, request } = this.#parts;
    this.#rounds += 1;
    if (this.#rounds > MAX_ROUNDS) {
      this.#refuse(INTERNAL_ERROR, `the server asked its client more than ${MAX_ROUNDS} times`);
      return;
    }
    const isFirst = this.#rounds === 1;
    const id = isFirst ? call.id : `${OWN_ID}-${this.#rounds}`;
    const sent = isFirst ? request : { ...request, receivedAt: performance.now() };
    this.#ask(sent, { ...call, id, params }, (message, status, headers) =>
      this.#received(message, status, headers, params),
    );
  }

  #ask(request: GuestRequest, call: ModernCall, message: Reading['message']): void {
    const { guest, meta, mirrors, sequence } = this.#parts;
    const stream = this.#stream;
    const target = readResponse(sequence.target, {
      message,
      passes: () => {
        if (stream.hasBegun || this.#isOver) return false;
        this.#dispose();
        return true;
      },
      failed: (error) => this.#fail(error),
      flush: (sent) => stream.flush(sent),
    });
    sequence.next(() => {
      const handle = guest(modernRequest(request, call, meta, mirrors), target);
      this.#working = handle;
      return handle;
    });
  }

  #received(message: JsonObject, status: number, headers: readonly string[], params: JsonObject): void {
    if (this.#isOver) return;
    const { call, mirrors } = this.#parts;
    const { result, error } = message;
    if (message.method !== undefined) {
      // A guest of this revision sends no requests.
      if (message.id === undefined && this.#parts.streams) this.#stream.send(message, headers);
    } else if (isObject(result)) {
      if (result.resultType === 'input_required') {
        this.#inputRequired(result, params);
        return;
      }
      if (call.method === 'tools/list') mirrors.learn(result.tools);
      this.#respond({ result: legacyResult(call.method, result) }, 200, headers);
    } else if (this.#lacksHeaders(error)) {
      this.#listTools(params, undefined, MAX_PAGES);
    } else {
      const changed = legacyError(call.method, call.params, error);
      this.#respond({ error: changed }, isMeant(status) ? status : 200, headers);
    }
  }

  #respond(outcome: JsonObject, status: number, headers: readonly string[]): void {
    this.#dispose();
    this.#stream.respond({ jsonrpc: '2.0', id: this.#parts.call.id, ...outcome }, status, headers);
  }

  /** Responds outside the response of a guest. */
  #refuse(code: number, message: string): void {
    this.#respond({ error: { code, message } }, 200, []);
    this.#stream.flush(() => {});
  }

  #fail(error: WasmcpError): void {
    if (this.#isOver) return;
    this.#dispose();
    this.#parts.sequence.target.fail(error);
  }

  /** The guest asks its client, which has to answer before the request is sent again. */
  #inputRequired({ inputRequests, requestState }: JsonObject, params: JsonObject): void {
    const { inputResponses: _, requestState: __, ...others } = params;
    const next = requestState === undefined ? others : { ...others, requestState };
    const requests = isObject(inputRequests) ? inputRequests : {};
    const count = Object.keys(requests).length;
    if (count === 0) {
      this.#send(next);
      return;
    }
    if (count > MAX_QUESTIONS) {
      this.#refuse(INTERNAL_ERROR, `the server asked its client ${count} things at once`);
      return;
    }
    if (!this.#parts.streams) {
      this.#refuse(SERVER_ERROR, 'the server asks its client, which accepts no stream of events');
      return;
    }
    const { questions, asker } = this.#parts;
    this.#asked = questions.ask(
      asker,
      requests,
      (inputResponses) => {
        this.#asked = undefined;
        this.#send({ ...next, inputResponses });
      },
      (reason) => this.#refuse(SERVER_ERROR, reason),
    );
    for (const message of this.#asked.messages) this.#stream.send(message);
    this.#stream.flush(() => {});
  }

  /** The guest wants headers that mirror arguments of a tool that no client has listed yet. */
  #lacksHeaders(error: unknown): boolean {
    return (
      this.#parts.call.method === 'tools/call' &&
      !this.#hasListed &&
      isObject(error) &&
      error.code === HEADER_MISMATCH
    );
  }

  #listTools(params: JsonObject, cursor: unknown, pages: number): void {
    this.#hasListed = true;
    const list = cursor === undefined ? {} : { cursor };
    const request = { ...this.#parts.request, receivedAt: performance.now() };
    this.#ask(
      request,
      { id: `${OWN_ID}-tools`, method: 'tools/list', params: list },
      ({ method, result }) => {
        if (method !== undefined || this.#isOver) return;
        const page = isObject(result) ? result : {};
        this.#parts.mirrors.learn(page.tools);
        const { nextCursor } = page;
        if (nextCursor === undefined || pages <= 1) this.#send(params);
        else this.#listTools(params, nextCursor, pages - 1);
      },
    );
  }
}
