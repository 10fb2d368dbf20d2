import { type LeaseHolder, type LeaseUse, WasmcpError } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { isSessionId } from '../sessions/layout.ts';
import type { Envelope } from './envelope.ts';
import { isEventStream } from './event-data.ts';
import { errorEvent, SERVER_ERROR, sendError } from './messages.ts';
import { idOf } from './reject-unstarted.ts';

/** Lets the requests of a session take turns with those that other hosts serve. */
export interface SessionLeases {
  readonly holder: LeaseHolder;
  /** The bucket with the sessions. */
  readonly bucket: string;
}

/** The lease of a session for one request. */
export interface SessionLease {
  /** Fails the response once the lease is lost, because it could show incomplete writes of another host. */
  guarding(request: GuestRequest, envelope: Envelope, target: ResponseWriter): ResponseWriter;
  leave(): void;
}

export interface LeaseWait {
  started(fence: string | undefined, lease: SessionLease): void;
  failed(error: WasmcpError): void;
}

/** For stores that no other host can use. */
const NO_LEASE: SessionLease = { guarding: (_request, _envelope, target) => target, leave() {} };

/** Calls `started`, possibly at once, when no other host serves a request of the session. */
export function holdSession(
  leases: SessionLeases | undefined,
  session: string,
  wait: LeaseWait,
): SessionLease {
  // Guests refuse other ids, so no request waits for them.
  if (leases === undefined || !isSessionId(session)) {
    wait.started(undefined, NO_LEASE);
    return NO_LEASE;
  }
  let use: LeaseUse | undefined;
  /** Whether the lease was held until the guest had finished. The response may still be in transit after the next request. */
  let heldToTheEnd: boolean | undefined;
  const lease: SessionLease = {
    guarding: (request, envelope, target) =>
      guarding(
        {
          holds: () => heldToTheEnd ?? use?.holds ?? true,
          // After that, the lease belongs to the next request.
          lost: () => heldToTheEnd ?? use?.lost(),
        },
        { request, envelope },
        target,
      ),
    leave() {
      heldToTheEnd ??= use?.holds ?? true;
      use?.leave();
    },
  };
  use = leases.holder.use(leases.bucket, session, {
    started: (fence) => wait.started(fence, lease),
    failed: wait.failed,
  });
  // It may have started and finished before the use was returned.
  if (heldToTheEnd !== undefined) use.leave();
  return lease;
}

function guarding(
  lease: { holds(): boolean; lost(): unknown },
  { request, envelope }: { readonly request: GuestRequest; readonly envelope: Envelope },
  target: ResponseWriter,
): ResponseWriter {
  /** The headers, once the response has begun. */
  let begun: readonly string[] | undefined;
  let over = false;

  function fail(error: WasmcpError): void {
    if (over) return;
    if (error.code !== 'lease-lost') {
      target.fail(error);
      return;
    }
    lease.lost();
    if (begun === undefined) {
      sendError(target, idOf(request, envelope), {
        status: error.httpStatus,
        code: SERVER_ERROR,
        text: error.message,
      });
    } else if (isEventStream(begun)) {
      target.chunk(errorEvent(idOf(request, envelope), error.message), () => {});
      target.end([]);
    } else target.fail(error);
    over = true;
  }

  function holds(): boolean {
    if (over) return false;
    if (lease.holds()) return true;
    fail(new WasmcpError('lease-lost', LATE));
    return false;
  }

  return wrapResponse(target, {
    head(status, headers) {
      if (!holds()) return;
      begun = headers;
      target.head(status, headers);
    },
    chunk(bytes, acknowledged) {
      if (holds()) target.chunk(bytes, acknowledged);
      else acknowledged(bytes.length);
    },
    end(trailers) {
      if (!over) target.end(trailers);
    },
    fail,
  });
}

const LATE = 'the lease on the session was lost to another host before the response: what was written stays';
