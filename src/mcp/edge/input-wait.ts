import { WasmcpError } from '../../../host/index.ts';
import type { GuestRequest, RequestHandle } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import type { Envelope } from './envelope.ts';
import { header } from './headers.ts';
import { errorEvent } from './messages.ts';
import { idOf } from './reject-unstarted.ts';
import { createServerRequestReader, idText } from './server-requests.ts';
import { sessionOf } from './session.ts';

/**
 * What guests ask their clients while they answer them (sampling, elicitation, roots), and how long they have waited.
 * Nothing but the client's answer ends the wait: not progress, and not what keeps a connection open.
 */
export interface Inputs {
  /** Starts a client's request; `start` gets the place for the response. */
  watch(
    request: GuestRequest,
    envelope: Envelope,
    target: ResponseWriter,
    start: (target: ResponseWriter) => RequestHandle,
  ): RequestHandle;
  /** Whether a guest waits for the client of this request's session. */
  wait(request: GuestRequest): boolean;
  /** The client answers the question with this id, as it was written. */
  answered(request: GuestRequest, id: Uint8Array | undefined): void;
}

/** The questions in one stream. */
interface Asking {
  readonly read: (bytes: Uint8Array) => void;
  /** The method of the one that has waited longest. */
  first(): string | undefined;
  forget(): void;
}

interface Question {
  readonly id: string;
  readonly method: string;
  readonly timer: NodeJS.Timeout;
}

/** Questions of one guest that are looked after at a time. */
const MAX_QUESTIONS = 64;

/** Questions may stay unanswered for `limit` milliseconds. */
export function createInputs(limit: number): Inputs {
  /** By session, what is called with the id of an answer. */
  const waiting = new Map<string, Set<(id: string) => void>>();
  const keyOf = (request: GuestRequest): string => sessionOf(request) ?? '';

  function open(session: string, expired: (method: string) => void): Asking {
    const questions: Question[] = [];

    function asked(id: string, method: string): void {
      if (questions.length >= MAX_QUESTIONS) return;
      questions.push({ id, method, timer: setTimeout(expired, limit, method) });
      const here = waiting.get(session) ?? new Set();
      waiting.set(session, here.add(settle));
    }

    function settle(id: string): void {
      const at = questions.findIndex((question) => question.id === id);
      if (at >= 0) clearTimeout(questions.splice(at, 1)[0]!.timer);
      if (questions.length === 0) forget();
    }

    function forget(): void {
      for (const { timer } of questions.splice(0)) clearTimeout(timer);
      const here = waiting.get(session);
      if (here?.delete(settle) && here.size === 0) waiting.delete(session);
    }

    return { read: createServerRequestReader(asked), first: () => questions[0]?.method, forget };
  }

  return {
    watch(request, envelope, target, start) {
      let asking: Asking | undefined;

      function unanswered(method: string): string {
        return `the client left ${JSON.stringify(method)} without an answer, for which ${limit} ms are allowed (--input-wait)`;
      }

      /** Ends the stream for what the guest waits for; false when that is nothing. */
      function giveUp(): boolean {
        const method = asking?.first();
        if (method === undefined) return false;
        asking?.forget();
        target.chunk(errorEvent(idOf(request, envelope), unanswered(method)), () => {});
        target.end([]);
        return true;
      }

      /** The engine tells of the failure: whoever ends a guest logs it. */
      function expired(method: string): void {
        if (call.stop === undefined) call.cancel();
        else call.stop(new WasmcpError('guest-timeout', unanswered(method)));
        giveUp();
      }

      const watched = wrapResponse(target, {
        head(status, headers) {
          if (isEventStream(headers)) asking = open(keyOf(request), expired);
          target.head(status, headers);
        },
        chunk(bytes, acknowledged) {
          asking?.read(bytes);
          target.chunk(bytes, acknowledged);
        },
        end(trailers) {
          asking?.forget();
          target.end(trailers);
        },
        fail(error) {
          // Another limit came first, by an instant or because it is shorter.
          if (error.code === 'guest-timeout' && giveUp()) return;
          asking?.forget();
          target.fail(error);
        },
      });
      const call = start(watched);
      return {
        cancel() {
          asking?.forget();
          call.cancel();
        },
      };
    },
    wait: (request) => waiting.has(keyOf(request)),
    answered(request, id) {
      if (id === undefined || waiting.size === 0) return;
      for (const settle of waiting.get(keyOf(request)) ?? []) settle(idText(id));
    },
  };
}

function isEventStream(headers: readonly string[]): boolean {
  return /^text\/event-stream\b/i.test(header(headers, 'content-type') ?? '');
}
