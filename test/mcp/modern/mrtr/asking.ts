import { CAPABILITIES, type ModernAnswer, modern } from '../../../support/modern.ts';

/** A client that can be asked everything. */
export const ABLE: Readonly<Record<string, unknown>> = {
  [CAPABILITIES]: { elicitation: {}, sampling: {}, roots: {} },
};

export interface Attempt {
  readonly args?: object;
  /** Of the retry. */
  readonly inputResponses?: unknown;
  readonly requestState?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly method?: string;
}

let id = 0;

/** Calls a tool, for the first time or again. */
export function attempt(
  url: string,
  name: string,
  { args = {}, ...others }: Attempt = {},
): Promise<ModernAnswer> {
  const { inputResponses, requestState, headers = {}, meta = ABLE, method = 'tools/call' } = others;
  const params = {
    name,
    arguments: args,
    ...(inputResponses !== undefined && { inputResponses }),
    ...(requestState !== undefined && { requestState }),
  };
  id += 1;
  return modern(url, { method, id, meta, headers, params });
}

export const ACCEPTED = { action: 'accept', content: { name: 'Ada', color: 'blue', ok: true } };

const SAMPLED = { role: 'assistant', content: { type: 'text', text: 'Hi' }, model: 'none' };

/** What a client returns for everything that it is asked. */
// biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
export function responsesTo(result: any): Record<string, object> {
  const requests: [string, { method: string }][] = Object.entries(result.inputRequests);
  return Object.fromEntries(
    requests.map(([name, { method }]) => {
      if (method === 'roots/list') return [name, { roots: [{ uri: 'file:///a' }] }];
      return [name, method === 'elicitation/create' ? ACCEPTED : SAMPLED];
    }),
  );
}

/** The next attempt, with the responses to what the last one asks for. */
export function again({ body }: ModernAnswer, attempted: Attempt = {}): Attempt {
  const { result } = body;
  return { ...attempted, inputResponses: responsesTo(result), requestState: result.requestState };
}
