import type { GuestRequest, Handler } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import type { ProtocolVersion } from './envelope.ts';
import { header, withHeader } from './headers.ts';
import { createInference } from './inference.ts';
import type { RequestSequence } from './request-sequence.ts';
import { routeByStatus } from './route-by-status.ts';

/** Passes an `initialize` to a guest; `wanted` is the version in its parameters. */
export type Initialize = (
  request: GuestRequest,
  wanted: ProtocolVersion | undefined,
  sequence: RequestSequence,
  target: ResponseWriter,
) => void;

/** Revisions that know `initialize`, newest first. */
const REVISIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

const HEADER = 'mcp-protocol-version';

/** Whether a client may be given a session: later revisions have none, and look for other errors. */
export function speaksOfSessions({ headers }: GuestRequest): boolean {
  const version = header(headers, HEADER);
  return version === undefined || REVISIONS.includes(version);
}

/**
 * Sees to it that a version is agreed on as the specification says (MCP, "Version Negotiation"): by the message alone, and
 * a server that does not know the wanted version answers with another one, its newest. wasmcp's servers take the version
 * from a header, and refuse one that they do not know, there and in the message: such a guest is asked again, newest
 * revision first. What it refused time and again is not tried for a while.
 */
export function createInitialize(handle: Handler): Initialize {
  /** That the guest refuses a revision. Of these alone: clients could make up any number of versions. */
  const refusals = new Map(REVISIONS.map((revision) => [revision, createInference()]));
  const isRefused = (version: string): boolean => refusals.get(version)?.holds() ?? false;

  return (request, wanted, sequence, target) => {
    if (wanted === undefined) return sequence.last(() => handle(request, target));
    const others = REVISIONS.filter((revision) => revision !== wanted.name && !isRefused(revision));
    // What can be sent once is not tried twice.
    const versions = [wanted.name, ...(request.body instanceof Uint8Array ? others : [])];
    if (versions.length > 1 && isRefused(wanted.name)) versions.shift();

    function attempt(index: number): void {
      const judge = (status: number): ResponseWriter | undefined => {
        if (status === 400 && index < versions.length - 1) return undefined;
        if (status < 300) remember(versions, index);
        return target;
      };
      const asking = askingFor(versions[index]!, request, wanted!);
      sequence.next(() =>
        handle(
          asking,
          routeByStatus(target, judge, () => attempt(index + 1)),
        ),
      );
    }

    attempt(0);
  };

  /** Those before `index` were refused, the one there was taken. */
  function remember(versions: readonly string[], index: number): void {
    for (let i = 0; i < index; i++) refusals.get(versions[i]!)?.confirm();
    refusals.get(versions[index]!)?.refute();
  }
}

function askingFor(version: string, request: GuestRequest, wanted: ProtocolVersion): GuestRequest {
  const headers = withHeader(request.headers, HEADER, version);
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
