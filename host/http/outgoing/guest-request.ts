import type { Guest } from '../../guest.ts';
import type { HttpErrorCode } from '../../io/error.ts';
import type { Pass } from '../../keyvalue/durability-gate.ts';
import { Signal } from '../../signal.ts';
import type { PendingResponse } from '../incoming-response.ts';
import { OutgoingBody } from '../outgoing-body.ts';
import { errorCodeOf, OutgoingError } from './error-code.ts';
import { createRequestBody, type RequestBody } from './request-body.ts';
import { createResponseBody, type ResponseBody } from './response-body.ts';
import { createDeadline, type Timeouts } from './timeouts.ts';
import type { OutgoingHttp, SentRequest } from './transport.ts';

const READ_TIMEOUT: HttpErrorCode = { tag: 'connection-read-timeout' };

/** One request of a guest, from its start until both bodies are complete. */
export interface GuestRequestParts {
  readonly guest: Guest;
  readonly outgoing: OutgoingHttp;
  /** The durability gate that every part of the request passes. */
  readonly pass: Pass;
  readonly request: Omit<SentRequest, 'body' | 'allowed'>;
  readonly body: OutgoingBody | undefined;
  readonly timeouts: Timeouts;
  /** Called once, when the request holds neither a timer nor a connection any longer. */
  over(): void;
}

interface Pending extends PendingResponse {
  outcome: PendingResponse['outcome'];
}

/**
 * Starts a request. It ends with the body of its response, with a failure, when the guest drops it, or with
 * `guest.release()`, whichever comes first; then everything that waits for it settles.
 *
 * Throws an `error-code` if the request is refused immediately.
 */
export function startGuestRequest(parts: GuestRequestParts): PendingResponse {
  const { guest, outgoing, pass, request, body, timeouts, over } = parts;
  const changed = new Signal();
  const pending: Pending = { outcome: undefined, changed, cancel };
  let response: ResponseBody | undefined;
  let done = false;
  const deadline = createDeadline((code) => fail(new OutgoingError(code, `${code.tag} after a timeout`)));
  const upload: RequestBody | undefined =
    body &&
    createRequestBody({
      pass,
      budget: guest.budget,
      held: fail,
      aborted: () => fail(droppedUnfinished()),
    });

  function finish(failure?: { message: string; http: HttpErrorCode }): void {
    done = true;
    deadline.stop();
    upload?.close(failure);
    forget();
    over();
  }

  function fail(error: Error): void {
    if (done) return;
    const http = errorCodeOf(error);
    const failure = { message: http.tag, http };
    finish(failure);
    sending.abort(error);
    if (response !== undefined) response.fail(failure);
    else pending.outcome = { error: http };
    changed.wake();
  }

  const sending = outgoing.send(
    { ...request, body: upload?.chunks, allowed: passed(pass) },
    {
      connecting() {
        deadline.start(timeouts.connect, { tag: 'connection-timeout' });
      },
      connected() {
        deadline.start(timeouts.firstByte, READ_TIMEOUT);
      },
      head(head) {
        deadline.start(timeouts.betweenBytes, READ_TIMEOUT);
        response = createResponseBody(
          {
            // A guest that reads slowly does not count as silence of the server.
            pause() {
              deadline.stop();
              sending.pause();
            },
            resume() {
              deadline.start(timeouts.betweenBytes, READ_TIMEOUT);
              sending.resume();
            },
            abandon: cancel,
          },
          guest.budget,
        );
        pending.outcome = { head, body: response };
        changed.wake();
      },
      data(chunk) {
        deadline.refresh();
        response?.push(chunk);
      },
      ended(trailers) {
        finish();
        response?.end(trailers);
      },
      failed: (error) => fail(error instanceof Error ? error : new OutgoingError(errorCodeOf(error))),
    },
  );
  const forget = guest.onRelease(cancel);
  if (body !== undefined && upload !== undefined) OutgoingBody.send(body, guest, upload);

  function cancel(): void {
    fail(new OutgoingError({ tag: 'internal-error', val: 'the guest dropped the request' }, 'cancelled'));
  }

  return pending;
}

function passed(pass: Pass): Promise<void> {
  const allowed = new Promise<void>((resolve, reject) => {
    pass((failure) => (failure === undefined ? resolve() : reject(failure)));
  });
  // A request that is refused immediately does not wait for it.
  allowed.catch(() => {});
  return allowed;
}

function droppedUnfinished(): OutgoingError {
  return new OutgoingError({ tag: 'HTTP-protocol-error' }, 'the body of the request was dropped unfinished');
}
