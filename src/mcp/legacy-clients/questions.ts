import { randomUUID } from 'node:crypto';
import { isObject, type JsonObject } from '../modern/client-message.ts';

/** Requests to clients that wait for their responses. */
export interface Questions {
  /**
   * Asks the client of `asker`. `answered` is called once with the results by name, or `failed` with the reason. Returns the
   * requests as the client gets them, and a function that gives up.
   */
  ask(
    asker: Asker,
    requests: JsonObject,
    answered: (responses: JsonObject) => void,
    failed: (reason: string) => void,
  ): Asked;
  /** A client responds. Returns false if nobody waits for this response of this client. */
  settle(asker: Asker, response: JsonObject): boolean;
}

/** A client, as its requests show it. */
export interface Asker {
  readonly session: string;
  readonly version: string;
  /** A request with a token is only continued by a response with the same. */
  readonly authorization: string | undefined;
}

export interface Asked {
  readonly messages: readonly JsonObject[];
  giveUp(): void;
}

interface Pending {
  readonly asker: Asker;
  settle(response: JsonObject): void;
}

/** The revision whose elicitations by address have an id. */
const WITH_ELICITATION_ID = '2025-11-25';

/** Each may wait for `limit` milliseconds. */
export function createQuestions(limit: number): Questions {
  const pending = new Map<string, Pending>();

  return {
    ask(asker, requests, answered, failed) {
      const ids: string[] = [];
      const responses: Record<string, unknown> = {};
      const messages: JsonObject[] = [];
      const giveUp = (): void => {
        clearTimeout(timer);
        for (const id of ids) pending.delete(id);
      };
      const methods = Object.values(requests).map((request) => isObject(request) && request.method);
      const timer = setTimeout(() => {
        giveUp();
        const what = methods.map((method) => JSON.stringify(method)).join(', ');
        failed(`the client did not respond to ${what} within ${limit} ms (--input-wait)`);
      }, limit);
      for (const [name, request] of Object.entries(requests)) {
        const id = randomUUID();
        ids.push(id);
        messages.push(requestFor(asker, id, request));
        pending.set(id, {
          asker,
          settle({ result, error }) {
            pending.delete(id);
            if (!isObject(result)) {
              giveUp();
              return failed(refusalText(request, error));
            }
            responses[name] = result;
            if (Object.keys(responses).length < ids.length) return;
            giveUp();
            answered(responses);
          },
        });
      }
      return { messages, giveUp };
    },
    settle(asker, response) {
      const waiting = typeof response.id === 'string' ? pending.get(response.id) : undefined;
      if (waiting === undefined || !isSame(waiting.asker, asker)) return false;
      waiting.settle(response);
      return true;
    },
  };
}

function isSame(one: Asker, other: Asker): boolean {
  return one.session === other.session && one.authorization === other.authorization;
}

function requestFor({ version }: Asker, id: string, request: unknown): JsonObject {
  const { method, params } = isObject(request) ? request : {};
  const asked = isObject(params) ? params : {};
  const needsId = method === 'elicitation/create' && asked.mode === 'url' && version === WITH_ELICITATION_ID;
  return { jsonrpc: '2.0', id, method, params: needsId ? { elicitationId: id, ...asked } : asked };
}

function refusalText(request: unknown, error: unknown): string {
  const method = JSON.stringify(isObject(request) ? request.method : undefined);
  const message = isObject(error) && typeof error.message === 'string' ? `: ${error.message}` : '';
  return `the client refused ${method}${message}`;
}
