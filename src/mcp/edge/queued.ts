import type { WasmcpError } from '../../../host/index.ts';
import { createDeadline, type Deadline } from '../../engine/deadline.ts';
import type { GuestRequest, Handler, RequestHandle } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import type { Envelope } from './envelope.ts';
import { rejectUnstarted } from './reject-unstarted.ts';
import { discard, sessionOf } from './session.ts';
import type { SessionQueue } from './session-queue.ts';

/** Passes a client's request on when the turn of its session has come. */
export type InTurn = (request: GuestRequest, envelope: Envelope, target: ResponseWriter) => RequestHandle;

export interface InTurnOptions {
  /** Without one, requests run as they come. */
  readonly order: SessionQueue | undefined;
  /** Milliseconds from when a request was there until its turn has to have come. */
  readonly timeout: number;
}

/** Characters of a method that others are told. */
const METHOD_LENGTH = 100;

export function createInTurn(handle: Handler, { order, timeout }: InTurnOptions): InTurn {
  return (request, envelope, target) => {
    const session = sessionOf(request);

    function fail(error: WasmcpError): void {
      if (error.code === 'queue-full') rejectUnstarted(request, envelope, target, error.message);
      else target.fail(error);
    }

    if (order === undefined || session === undefined) return handle(request, wrapResponse(target, { fail }));

    let call: RequestHandle | undefined;
    let deadline: Deadline | undefined;
    let over = false;
    const name = envelope.method?.slice(0, METHOD_LENGTH) ?? '';
    const leave = order.enter(session, name, (left) => {
      deadline?.cancel();
      const finished = (): void => {
        left();
        target.finished();
      };
      call = handle(request, wrapResponse(target, { fail, finished }));
    });

    /** No guest has begun it, and none will. */
    function drop(tell: () => void): void {
      if (over) return;
      over = true;
      deadline?.cancel();
      leave?.();
      tell();
      discard(request);
      target.finished();
    }

    const refuse = (reason: string): void => drop(() => rejectUnstarted(request, envelope, target, reason));
    if (leave === undefined) refuse('too many requests of the session wait already');
    else if (call === undefined) {
      deadline = createDeadline(request.receivedAt, timeout, () => {
        const first = JSON.stringify(order.underWay(session));
        refuse(`waited ${timeout} ms for an earlier request of its session, ${first}, to finish`);
      });
    }
    return {
      cancel() {
        if (call !== undefined) call.cancel();
        else drop(() => {});
      },
      stop: (failure) => call?.stop?.(failure),
    };
  };
}
