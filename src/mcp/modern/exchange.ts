import { WasmcpError } from '../../../host/index.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { readAccept } from '../edge/accept.ts';
import { INTERNAL_ERROR, type Refusal, sendError } from '../edge/messages.ts';
import { type ClientMessage, isObject, type JsonObject, jsonText } from './client-message.ts';
import { MISSING_CAPABILITY } from './codes.ts';
import type { GuestProfile } from './guest.ts';
import type { Completion } from './guest-response.ts';
import { reaches } from './log-level.ts';
import { isInputRequest, missingCapabilities } from './mrtr/capabilities.ts';
import type { Asking, AskingExchange } from './mrtr/types.ts';
import type { ParamHeaders } from './param-headers.ts';
import { META } from './revision.ts';

/** What is known of the guest's tools. */
interface Knowledge {
  readonly params: ParamHeaders;
  readonly state: { list(tools: JsonObject): JsonObject };
}

/** A client's request and what is known for its response. */
export class Exchange implements AskingExchange {
  readonly streams: boolean;
  /** The headers as a guest of an earlier revision wants them. */
  readonly guestHeaders: string[];
  readonly #isPrivate: boolean;
  readonly #knowledge: Knowledge;
  /** The edge responds itself. */
  isOwn = false;
  message: ClientMessage | undefined;
  /** Of the request that the guest serves, if it is an earlier one of the client. */
  served: { readonly progressToken: unknown } | undefined;
  /** Takes what the guest asks its client; undefined if the client can be asked nothing. */
  asking: Asking | undefined;
  profile: GuestProfile | undefined;
  /** The principal that the client's token names. It counts once the guest has accepted the request, see `Owners.claim`. */
  owner: string | undefined;
  /** The client waits no longer for its response. */
  hasLeft = false;
  /** Stops the guest. */
  stop: (failure: WasmcpError) => void = () => {};
  /** Why the guest must not continue although the client has its response. */
  failure: WasmcpError | undefined;
  /** The guest continues although the client has its response: it may leave. */
  isDetached = false;
  /** Gets what the guest asks meanwhile. */
  inputRequired: AskingExchange['inputRequired'];

  constructor(headers: string[], isPrivate: boolean, knowledge: Knowledge) {
    const accepted = readAccept(headers);
    this.streams = accepted.streams;
    this.guestHeaders = accepted.headers;
    this.#isPrivate = isPrivate;
    this.#knowledge = knowledge;
  }

  /** The guest speaks the client's revision, or the response is an error of the edge. */
  get passes(): boolean {
    return this.isOwn || this.profile?.era === 'modern';
  }

  get id(): string | number | undefined {
    return this.message?.id;
  }

  /** The client gets an error of the edge's own. */
  refuse(target: ResponseWriter, refusal: Refusal, id: string | number | undefined = this.id): void {
    this.isOwn = true;
    sendError(target, id === undefined ? undefined : jsonText(id), refusal);
  }

  completion(): Completion {
    const { profile } = this;
    return {
      method: this.message?.method ?? '',
      isPrivate: this.#isPrivate,
      serverInfo: profile?.era === 'legacy' ? profile.initialized.serverInfo : undefined,
    };
  }

  /** Only what belongs to the client's request ("Streamable HTTP", section "Receiving Messages"), and that it asked for. */
  notified(notification: JsonObject): JsonObject | undefined {
    const { method, params } = notification;
    const meta = this.message?.meta ?? {};
    if (!isObject(params)) return undefined;
    if (method === 'notifications/progress') return this.#progress(notification, params, meta.progressToken);
    const isWanted = method === 'notifications/message' && reaches(params.level, meta[META.logLevel]);
    return isWanted ? notification : undefined;
  }

  #progress(notification: JsonObject, params: JsonObject, token: unknown): JsonObject | undefined {
    const { served } = this;
    const known = served === undefined ? token : served.progressToken;
    if (token === undefined || known === undefined || params.progressToken !== known) return undefined;
    return served === undefined
      ? notification
      : { ...notification, params: { ...params, progressToken: token } };
  }

  /** A request of the guest never reaches a client of this revision as such: it becomes a part of a result. */
  asked(request: JsonObject): JsonObject | undefined {
    const { message } = this;
    const missing = message && missingCapabilities(message, request);
    const asked = `the server asked its client for ${JSON.stringify(request.method)}`;
    if (missing !== undefined) {
      return this.#ended(MISSING_CAPABILITY, `${asked}, which needs a capability that the client lacks`, {
        requiredCapabilities: missing,
      });
    }
    if (this.asking === undefined || !isInputRequest(request)) {
      return this.#ended(INTERNAL_ERROR, `${asked}, which this host does not pass on here`);
    }
    const problem = this.asking.asked(request);
    return problem === undefined ? undefined : this.#ended(INTERNAL_ERROR, `${asked}: ${problem}`);
  }

  /** An error that ends the call, and the guest with it. */
  #ended(code: number, message: string, data?: JsonObject): JsonObject {
    // Nobody will ever respond to the guest, which may wait for long, and its session with it. One that asks at once does so before there
    // is anything to stop.
    const failure = new WasmcpError('guest-timeout', message);
    this.failure = failure;
    queueMicrotask(() => this.stop(failure));
    return { code, message, ...(data && { data }) };
  }

  responded(received: JsonObject): JsonObject {
    // The guest responds to the first request of the call.
    const response = this.served === undefined ? received : { ...received, id: this.id };
    const { result } = response;
    if (this.message?.method !== 'tools/list' || !isObject(result)) return response;
    const { params, state } = this.#knowledge;
    params.learn(result.tools);
    return { ...response, result: state.list(result) };
  }
}
