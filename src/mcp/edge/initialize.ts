import type { GuestRequest, Handler } from '../../http/handler.ts';
import { header, withHeader } from '../../http/headers.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { UNKNOWN_VERSION_STATUS, VERSION_HEADER } from '../wasmcp-quirks.ts';
import type { ProtocolVersion } from './envelope.ts';
import { createInference } from './inference.ts';
import type { RequestSequence } from './request-sequence.ts';
import { routeByStatus } from './route-by-status.ts';
import type { MessageHandler } from './stages.ts';

/** Sends an `initialize` to a guest; `wanted` is the version in its parameters. */
export type Initialize = (
  request: GuestRequest,
  wanted: ProtocolVersion | undefined,
  sequence: RequestSequence,
  target: ResponseWriter,
) => void;

/** Revisions that know `initialize`, newest first. */
export const REVISIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

/** Later revisions have no `initialize` and no sessions. */
export const NEWEST_WITH_SESSIONS: string = REVISIONS[0]!;

/** Whether a client may be given a session: later revisions have none, and expect other errors. */
export function supportsSessions({ headers }: GuestRequest): boolean {
  const version = header(headers, VERSION_HEADER);
  return version === undefined || REVISIONS.includes(version);
}

/** Negotiates the version of each `initialize`. `observe` wraps where its response goes. */
export function withInitialize(
  initialize: Initialize,
  observe: (request: GuestRequest, target: ResponseWriter) => ResponseWriter,
): (next: MessageHandler) => MessageHandler {
  return (next) => (message) => {
    const { request, envelope, sequence, target } = message;
    if (envelope.method !== 'initialize' || envelope.kind !== 'request') return next(message);
    initialize(request, envelope.protocolVersion, sequence, observe(request, target));
  };
}

/**
 * Negotiates the version as the specification says (MCP, "Version Negotiation"): only the message counts, and a server that does
 * not know the requested version offers its newest one. If a guest refuses, the request is repeated, newest revision first.
 * Revisions that the guest refuses repeatedly are not tried for a while.
 */
export function createInitialize(guest: Handler): Initialize {
  /** The guest refuses the revision. Only for known ones: clients could make up any number of versions. */
  const refusals = new Map(REVISIONS.map((revision) => [revision, createInference()]));
  const isRefused = (version: string): boolean => refusals.get(version)?.holds() ?? false;

  /** The guest refused the versions before `index`, and accepted the one there. */
  function remember(versions: readonly string[], index: number): void {
    for (let i = 0; i < index; i++) refusals.get(versions[i]!)?.confirm();
    refusals.get(versions[index]!)?.refute();
  }

  return (request, wanted, sequence, target) => {
    if (wanted === undefined) return sequence.last(() => guest(request, target));
    const others = REVISIONS.filter((revision) => revision !== wanted.name && !isRefused(revision));
    // An upload cannot be sent twice.
    const versions = [wanted.name, ...(request.body instanceof Uint8Array ? others : [])];
    if (versions.length > 1 && isRefused(wanted.name)) versions.shift();

    function attempt(index: number): void {
      const choose = (status: number): ResponseWriter | undefined => {
        if (status === UNKNOWN_VERSION_STATUS && index < versions.length - 1) return undefined;
        if (status < 300) remember(versions, index);
        return target;
      };
      const retry = (): void => attempt(index + 1);
      const offer = withVersion(versions[index]!, request, wanted!);
      sequence.next(() => guest(offer, routeByStatus(target, choose, retry)));
    }

    attempt(0);
  };
}

function withVersion(version: string, request: GuestRequest, wanted: ProtocolVersion): GuestRequest {
  const headers = withHeader(request.headers, VERSION_HEADER, version);
  const { body } = request;
  if (version === wanted.name || !(body instanceof Uint8Array)) return { ...request, headers };
  const { at, length } = wanted;
  const changed = Buffer.concat([
    body.subarray(0, at),
    Buffer.from(`"${version}"`),
    body.subarray(at + length),
  ]);
  const announced = header(headers, 'content-length') !== undefined;
  return {
    ...request,
    headers: announced ? withHeader(headers, 'content-length', String(changed.length)) : headers,
    body: changed,
  };
}
