import type { ResponseWriter } from '../../http/response.ts';
import { readAccept } from '../edge/accept.ts';
import { INTERNAL_ERROR, type Refusal, sendError } from '../edge/messages.ts';
import { type ClientMessage, isObject, type JsonObject, jsonText } from './client-message.ts';
import { MISSING_CAPABILITY } from './codes.ts';
import type { GuestProfile } from './guest.ts';
import type { Completion } from './guest-response.ts';
import { reaches } from './log-level.ts';
import type { ParamHeaders } from './param-headers.ts';
import { META } from './revision.ts';
import type { Translation } from './translate-response.ts';

/** The capability that a client declares if it can be asked this. */
const NEEDED: ReadonlyMap<unknown, string> = new Map([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
]);

/** What is known of the guest's tools. */
interface Knowledge {
  readonly params: ParamHeaders;
  readonly state: { list(tools: JsonObject): JsonObject };
}

/** A client's request and what is known for its response. */
export class Exchange implements Translation {
  readonly streams: boolean;
  /** The headers as a guest of an earlier revision wants them. */
  readonly guestHeaders: string[];
  readonly #isPrivate: boolean;
  readonly #knowledge: Knowledge;
  /** The edge responds itself. */
  isOwn = false;
  message: ClientMessage | undefined;
  profile: GuestProfile | undefined;
  /** The principal that the client's token names. It counts once the guest has accepted the request, see `Owners.claim`. */
  owner: string | undefined;
  /** The client waits no longer for its response. */
  hasLeft = false;
  /** Stops the guest. */
  cancel: () => void = () => {};
  /** The guest continues although the client has its response: it may leave. */
  isDetached = false;

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
  wants({ method, params }: JsonObject): boolean {
    const meta = this.message?.meta ?? {};
    if (!isObject(params)) return false;
    if (method === 'notifications/progress') {
      return params.progressToken !== undefined && params.progressToken === meta.progressToken;
    }
    return method === 'notifications/message' && reaches(params.level, meta[META.logLevel]);
  }

  /** No request of a server reaches a client of this revision, and the guest was told that its client can be asked nothing. */
  asked({ method }: JsonObject): JsonObject {
    // A guest that responds at once does so before there is anything to cancel.
    queueMicrotask(() => this.cancel());
    const capability = NEEDED.get(method);
    const declared = this.message?.meta[META.capabilities];
    const isMissing = capability !== undefined && isObject(declared) && declared[capability] === undefined;
    const asked = `the server asked its client for ${JSON.stringify(method)}`;
    return isMissing
      ? {
          code: MISSING_CAPABILITY,
          message: `${asked}, which needs the capability ${capability}`,
          data: { requiredCapabilities: { [capability]: {} } },
        }
      : { code: INTERNAL_ERROR, message: `${asked}, which this host does not pass on` };
  }

  responded(response: JsonObject): JsonObject {
    const { result } = response;
    if (this.message?.method !== 'tools/list' || !isObject(result)) return response;
    const { params, state } = this.#knowledge;
    params.learn(result.tools);
    return { ...response, result: state.list(result) };
  }
}
