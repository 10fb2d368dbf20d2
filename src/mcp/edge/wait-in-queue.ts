import type { WasmcpError } from '../../../host/index.ts';
import type { Middleware } from '../../http/compose.ts';
import { createDeadline, type Deadline } from '../../http/deadline.ts';
import type { RequestHandle } from '../../http/handler.ts';
import { wrapResponse } from '../../http/response.ts';
import { holdNewSession } from './new-session-lease.ts';
import { rejectUnstarted } from './reject-unstarted.ts';
import { discard, sessionOf } from './session.ts';
import { holdSession, type SessionLease, type SessionLeases } from './session-lease.ts';
import type { SessionOwners } from './session-owners.ts';
import type { SessionQueue } from './session-queue.ts';
import { type Delivery, type McpMessage, waitsForTurn } from './stages.ts';

export interface QueueOptions {
  /** Undefined when the requests of a session run in parallel. */
  readonly queue: SessionQueue | undefined;
  /** Undefined when no other host can serve the sessions. */
  readonly leases: SessionLeases | undefined;
  readonly owners: SessionOwners;
  /** Milliseconds that a request may wait, from when it was received. */
  readonly timeout: number;
}

/** Maximum number of characters of a method in the errors of waiting requests. */
const NAME_LENGTH = 100;

/** Starts the requests of one session one after another. A request that cannot wait any longer has had no effect. */
export function withSessionQueue({ queue, leases, owners, timeout }: QueueOptions): Middleware<Delivery> {
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
    return wait(started, { session, queue, leases, timeout }, next);
  };
}

interface Turn {
  readonly session: string;
  readonly queue: SessionQueue;
  readonly leases: SessionLeases | undefined;
  readonly timeout: number;
}

function wait(message: McpMessage, { session, queue, leases, timeout }: Turn, next: Delivery): RequestHandle {
  const { request, envelope, target } = message;
  let started: RequestHandle | undefined;
  let deadline: Deadline | undefined;
  let leave: (() => void) | undefined;
  let over = false;
  const { record } = request;
  const entered = record === undefined ? 0 : performance.now();

  /** It is the request's turn on this host; now it must get its turn among all hosts. */
  function hold(done: () => void): void {
    leave = done;
    const take = message.isFirst ? holdNewSession : holdSession;
    const lease = take(leases, session, {
      started: (fence, held) => start(fence, held, done),
      failed: (error) => (started === undefined ? drop(() => target.fail(error)) : started.stop(error)),
    });
    if (started !== undefined) return;
    leave = () => {
      lease.leave();
      done();
    };
    // The lease could not be taken.
    if (over) lease.leave();
  }

  function start(fence: string | undefined, lease: SessionLease, done: () => void): void {
    deadline?.cancel();
    if (record !== undefined) record.queue += performance.now() - entered;
    const finished = (): void => {
      lease.leave();
      done();
      target.finished();
    };
    const guarded = lease.guarding(request, envelope, wrapResponse(target, { finished }));
    started = next({ ...message, request: fence ? { ...request, fence } : request, target: guarded });
  }

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
  const left = queue.enter(session, envelope.method?.slice(0, NAME_LENGTH) ?? '', hold);
  leave ??= left;
  if (left === undefined) refuse('too many requests of the session are waiting');
  else if (started === undefined && !over) {
    deadline = createDeadline(request.receivedAt, timeout, () => {
      refuse(`waited ${timeout} ms for ${obstacle(queue.underWay(session), left !== leave)} to finish`);
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

/** What a request waits for. */
function obstacle(first: string | undefined, isFirst: boolean): string {
  if (isFirst) return 'a request of its session on another host';
  return `an earlier request of its session, ${JSON.stringify(first)},`;
}
