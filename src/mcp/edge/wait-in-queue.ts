import type { WasmcpError } from '../../../host/index.ts';
import type { Middleware } from '../../http/compose.ts';
import { createDeadline, type Deadline } from '../../http/deadline.ts';
import type { RequestHandle } from '../../http/handler.ts';
import { wrapResponse } from '../../http/response.ts';
import { rejectUnstarted } from './reject-unstarted.ts';
import { discard, sessionOf } from './session.ts';
import type { SessionOwners } from './session-owners.ts';
import type { SessionQueue } from './session-queue.ts';
import { type Delivery, type McpMessage, waitsForTurn } from './stages.ts';

export interface QueueOptions {
  /** Undefined when the requests of a session run in parallel. */
  readonly queue: SessionQueue | undefined;
  readonly owners: SessionOwners;
  /** Milliseconds that a request may wait, from when it was received. */
  readonly timeout: number;
}

/** Maximum number of characters of a method in the errors of waiting requests. */
const NAME_LENGTH = 100;

/** Starts the requests of one session one after another. A request that cannot wait any longer has had no effect. */
export function withSessionQueue({ queue, owners, timeout }: QueueOptions): Middleware<Delivery> {
  return (next) => (message) => {
    const { request, envelope, target } = message;
    if (!waitsForTurn(envelope)) return next(message);
    const fail = (error: WasmcpError): void => {
      if (error.code === 'queue-full') rejectUnstarted(request, envelope, target, error.message);
      else target.fail(error);
    };
    const session = sessionOf(request);
    const started = { ...message, target: owners.confirming(request, wrapResponse(target, { fail })) };
    if (queue === undefined || session === undefined) return next(started);
    return wait(started, { session, queue, timeout }, next);
  };
}

interface Turn {
  readonly session: string;
  readonly queue: SessionQueue;
  readonly timeout: number;
}

function wait(message: McpMessage, { session, queue, timeout }: Turn, next: Delivery): RequestHandle {
  const { request, envelope, target } = message;
  let started: RequestHandle | undefined;
  let deadline: Deadline | undefined;
  let over = false;
  const name = envelope.method?.slice(0, NAME_LENGTH) ?? '';
  const leave = queue.enter(session, name, (done) => {
    deadline?.cancel();
    const finished = (): void => {
      done();
      target.finished();
    };
    started = next({ ...message, target: wrapResponse(target, { finished }) });
  });

  /** No guest has started the request, and none will. */
  function drop(respond: () => void): void {
    if (over) return;
    over = true;
    deadline?.cancel();
    leave?.();
    respond();
    discard(request);
    target.finished();
  }

  const refuse = (reason: string): void => drop(() => rejectUnstarted(request, envelope, target, reason));
  if (leave === undefined) refuse('too many requests of the session are waiting');
  else if (started === undefined) {
    deadline = createDeadline(request.receivedAt, timeout, () => {
      const first = JSON.stringify(queue.underWay(session));
      refuse(`waited ${timeout} ms for an earlier request of its session, ${first}, to finish`);
    });
  }
  return {
    cancel() {
      if (started !== undefined) started.cancel();
      else drop(() => {});
    },
    stop(failure) {
      if (started !== undefined) started.stop(failure);
      else drop(() => target.fail(failure));
    },
  };
}
