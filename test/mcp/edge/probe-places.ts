import {
  type Answered,
  ask,
  edgeOf,
  type PlayedGuest,
  playGuest,
  reply,
  replyResult,
  type Seen,
} from './guest.ts';

export const BOTH = { accept: 'application/json, text/event-stream' };

export const CALL = '{"jsonrpc":"2.0","id":"mine","method":"tools/call","params":{"name":"add"}}';

export const TERMINATE = '{"jsonrpc":"2.0","id":"mine","method":"session/terminate"}';

export const NOTIFICATION = '{"jsonrpc":"2.0","method":"notifications/cancelled"}';

/** Where the edge sends a probe before, or in place of, the client's request. */
export interface Place {
  /** The probe, as `PlayedGuest.asked` summarizes it. */
  readonly question: string;
  /** What the client sends. */
  readonly body?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The next request to the guest when the probe succeeds; undefined when there is none. */
  readonly next?: string;
}

export const PLACES: Readonly<Record<string, Place>> = {
  'ping before DELETE': { question: 'ping in s', method: 'DELETE', next: 'DELETE in s' },
  'ping before a notification': {
    question: 'ping in s',
    body: NOTIFICATION,
    headers: { authorization: 'Bearer x' },
    next: 'notifications/cancelled in s',
  },
  'ping before session/terminate': { question: 'ping in s', body: TERMINATE, next: 'DELETE in s' },
  'DELETE for session/terminate': { question: 'DELETE in s', body: TERMINATE },
  'initialize before a call': {
    question: 'initialize',
    body: CALL,
    next: 'notifications/initialized in opened',
  },
  'notifications/initialized before a call': {
    question: 'notifications/initialized in opened',
    body: CALL,
    next: 'tools/call in opened',
  },
};

export function nameOf({ method, message, session }: Seen): string {
  const what = method === 'POST' ? message.method : method;
  return session === undefined ? what : `${what} in ${session}`;
}

/** The response of a guest that works. */
export function answerWell(request: Seen): void {
  if (request.method === 'DELETE') reply(request, 200, '', []);
  else if (request.message.id === undefined) reply(request, 202, '', []);
  else replyResult(request, {}, request.message.method === 'initialize' ? ['mcp-session-id', 'opened'] : []);
}

export function isSuccess({ status, failure, json }: Answered): boolean {
  return failure === undefined && status < 300 && json?.error === undefined;
}

export interface Outcome {
  readonly answer: Answered;
  readonly guest: PlayedGuest;
  /** The client's request proceeded. */
  readonly passed: boolean;
}

/** A guest that responds to the probe of a place in this way, and to everything else with success. */
export async function at(place: Place, respond: (request: Seen) => void): Promise<Outcome> {
  const { question, next, body, method = 'POST', headers = {} } = place;
  const guest = playGuest((request) => {
    if (nameOf(request) === question) respond(request);
    else answerWell(request);
  });
  const session =
    place.question.includes('opened') || place.question === 'initialize' ? {} : { 'mcp-session-id': 's' };
  const edge = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
  const answer = await ask(edge, body, { ...BOTH, ...session, ...headers }, method).answer;
  const asked = guest.asked();
  const passed = next === undefined ? isSuccess(answer) : asked.includes(next);
  return { answer, guest, passed };
}
