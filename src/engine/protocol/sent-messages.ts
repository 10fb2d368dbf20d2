import type { FromWorker, RequestMessage, ToWorker } from './messages.ts';

/**
 * Messages in the form in which they go from thread to thread. The two of an ordinary request are flat lists: names would be
 * copied, looked up and compared for each message, which takes as long as the values themselves.
 */
type FlatMessage = readonly unknown[];

export type SentToWorker = Exclude<ToWorker, RequestMessage> | FlatMessage;
export type SentFromWorker = Exclude<FromWorker, Answer> | FlatMessage;

type Answer = FromWorker & { readonly type: 'answer' };

/** Where the headers begin, which are the last in both lists. */
const REQUEST_HEADERS = 12;
const ANSWER_HEADERS = 6;

export function sentToWorker(message: ToWorker): SentToWorker {
  return message.type === 'request' ? sentRequest(message) : message;
}

export function receivedToWorker(message: SentToWorker): ToWorker {
  return isFlat(message) ? receivedRequest(message) : message;
}

export function sentFromWorker(message: FromWorker): SentFromWorker {
  return message.type === 'answer' ? sentAnswer(message) : message;
}

export function receivedFromWorker(message: SentFromWorker): FromWorker {
  return isFlat(message) ? receivedAnswer(message) : message;
}

function isFlat(message: FlatMessage | { readonly type: string }): message is FlatMessage {
  return Array.isArray(message);
}

function sentRequest(message: RequestMessage): FlatMessage {
  const { id, method, scheme, authority, path, headers, body, follows, due, fence, env, trace, change } =
    message;
  return [id, method, scheme, authority, path, body, follows, due, fence, env, trace, change, ...headers];
}

function receivedRequest(list: FlatMessage): RequestMessage {
  return {
    type: 'request',
    id: list[0] as number,
    method: list[1] as string,
    scheme: list[2] as RequestMessage['scheme'],
    authority: list[3] as string | undefined,
    path: list[4] as string,
    headers: list.slice(REQUEST_HEADERS) as string[],
    body: list[5] as RequestMessage['body'],
    follows: list[6] as boolean,
    due: list[7] as number,
    fence: list[8] as string | undefined,
    env: list[9] as RequestMessage['env'],
    trace: list[10] as RequestMessage['trace'],
    change: list[11] as RequestMessage['change'],
  };
}

function sentAnswer({ id, status, headers, body, isIndependent, usage, instances }: Answer): FlatMessage {
  return [id, status, body, isIndependent, usage, instances, ...headers];
}

function receivedAnswer(list: FlatMessage): Answer {
  return {
    type: 'answer',
    id: list[0] as number,
    status: list[1] as number,
    headers: list.slice(ANSWER_HEADERS) as string[],
    body: list[2] as string,
    isIndependent: list[3] as boolean,
    usage: list[4] as Answer['usage'],
    instances: list[5] as Answer['instances'],
  };
}
