import type { ResponseWriter } from '../../http/response.ts';
import { wrapResponse } from '../../http/response.ts';
import { holdSession, type LeaseWait, type SessionLease, type SessionLeases } from './session-lease.ts';

/**
 * As `holdSession`, for the request for which the session was opened. Another host cannot know the session before the client does,
 * which learns it from the head of the response. So a response that comes when the guest has finished needs no lease, and
 * saves two transactions; the head of any other waits for it.
 */
export function holdNewSession(
  leases: SessionLeases | undefined,
  session: string,
  wait: LeaseWait,
): SessionLease {
  let lease: SessionLease | undefined;
  let release: (() => void) | undefined;
  let hasFinished = false;
  const held: SessionLease = {
    guarding(request, envelope, target) {
      const response = new WithheldResponse(() => {
        lease = holdSession(leases, session, {
          started: (_fence, own) => response.release(own.guarding(request, envelope, target)),
          failed: wait.failed,
        });
        if (hasFinished) lease.leave();
      });
      release = () => response.release(target);
      return response.over(target);
    },
    leave() {
      hasFinished = true;
      release?.();
      lease?.leave();
    },
  };
  wait.started(undefined, held);
  return held;
}

/** A response that is withheld until somebody says where it goes. */
class WithheldResponse {
  /** Called once the response has begun without that having been said in the same turn. */
  readonly #begun: () => void;
  readonly #waiting: ((writer: ResponseWriter) => void)[] = [];
  #writer: ResponseWriter | undefined;

  constructor(begun: () => void) {
    this.#begun = begun;
  }

  release(writer: ResponseWriter): void {
    if (this.#writer !== undefined) return;
    this.#writer = writer;
    for (const send of this.#waiting.splice(0)) send(writer);
  }

  over(target: ResponseWriter): ResponseWriter {
    return wrapResponse(target, {
      head: (status, headers) => this.#send((writer) => writer.head(status, headers)),
      chunk: (bytes, acknowledged) => this.#send((writer) => writer.chunk(bytes, acknowledged)),
      end: (trailers) => this.#send((writer) => writer.end(trailers)),
      fail: (error) => {
        // Nothing of it has left: the client need not see that it had begun.
        if (this.#writer === undefined) this.#waiting.length = 0;
        this.release(target);
        this.#writer!.fail(error);
      },
    });
  }

  #send(send: (writer: ResponseWriter) => void): void {
    if (this.#writer !== undefined) {
      send(this.#writer);
      return;
    }
    this.#waiting.push(send);
    if (this.#waiting.length > 1) return;
    queueMicrotask(() => {
      if (this.#writer === undefined) this.#begun();
    });
  }
}
