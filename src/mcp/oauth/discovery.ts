import type { Middleware } from '../../http/compose.ts';
import { withoutHeaders } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { parseJson } from '../json.ts';
import { isEmptyMember } from '../wasmcp-quirks.ts';
import { METADATA_PATH } from './challenge.ts';

/** Largest document that is rewritten, in bytes. */
const MAX_DOCUMENT = 64 * 1024;
/** Its members that name the server itself. */
const OWN: ReadonlySet<string> = new Set(['resource', 'resource_documentation']);

/**
 * Makes the metadata document (RFC 9728) one that clients accept: without empty members (section 3.2), and with the server's
 * name as the client wrote it, such as `localhost` where the guest knows `guess`, 127.0.0.1. Clients reject a document that
 * names another server (section 3.3). Without `guess` the guest knows the name.
 */
export function withDiscovery(guess: (() => string) | undefined): Middleware {
  return (next) => (request, target) => {
    const path = request.path.split('?', 1)[0]!;
    const isMetadata = path === METADATA_PATH || path.startsWith(`${METADATA_PATH}/`);
    if (!isMetadata || request.method !== 'GET') return next(request, target);
    const called = request.authority && `${request.scheme}://${request.authority}`;
    return next(
      request,
      rewriting(target, (text) => rewritten(text, guess?.(), called)),
    );
  };
}

/** Collects the body of a response, unless it is long, and sends what `rewrite` returns for it. */
function rewriting(target: ResponseWriter, rewrite: (text: string) => string | undefined): ResponseWriter {
  let held:
    | { readonly status: number; readonly headers: string[]; readonly chunks: Uint8Array[] }
    | undefined;
  let size = 0;

  function release(bytes: Uint8Array | undefined, headers: string[]): void {
    if (held === undefined) return;
    target.head(held.status, headers);
    if (bytes !== undefined && bytes.length > 0) target.chunk(bytes, () => {});
    held = undefined;
  }

  return wrapResponse(target, {
    head(status, headers) {
      held = { status, headers, chunks: [] };
    },
    chunk(bytes, acknowledged) {
      if (held === undefined) return target.chunk(bytes, acknowledged);
      held.chunks.push(bytes);
      size += bytes.length;
      acknowledged(bytes.length);
      if (size > MAX_DOCUMENT) release(Buffer.concat(held.chunks), held.headers);
    },
    end(trailers) {
      if (held !== undefined) {
        const bytes = Buffer.concat(held.chunks);
        const text = rewrite(bytes.toString());
        if (text === undefined) release(bytes, held.headers);
        else release(Buffer.from(text), withoutHeaders(held.headers, 'content-length'));
      }
      target.end(trailers);
    },
    fail(error) {
      held = undefined;
      target.fail(error);
    },
  });
}

/** The document as clients accept it; undefined when it is not a JSON object. */
function rewritten(text: string, guess: string | undefined, called: string | undefined): string | undefined {
  let document: unknown;
  try {
    document = parseJson(text);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  const members = Object.entries(document)
    .filter(([, value]) => !isEmptyMember(value))
    .map(([name, value]) => [name, OWN.has(name) ? renamed(value, guess, called) : value]);
  return JSON.stringify(Object.fromEntries(members));
}

function renamed(value: unknown, from: string | undefined, to: string | undefined): unknown {
  if (typeof value !== 'string' || from === undefined || to === undefined) return value;
  return value === from || value.startsWith(`${from}/`) ? to + value.slice(from.length) : value;
}
