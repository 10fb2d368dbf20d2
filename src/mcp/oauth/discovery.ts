import type { Handle, ResponseTarget } from '../../engine/request.ts';
import { METADATA_PATH } from './challenge.ts';

/** Bytes of a document that is looked into. */
const MAX_DOCUMENT = 64 * 1024;
/** Its members that name the server itself. */
const OWN = ['resource', 'resource_documentation'] as const;

/**
 * `handle`, whose metadata (RFC 9728) names the server as the client called it: as `localhost`, say, where the guest knows it
 * as `base`, 127.0.0.1. Clients do not believe a document that speaks of another server (section 3.3).
 */
export function discovering(handle: Handle, base: () => string): Handle {
  return (request, target) => {
    const asked = request.path.split('?', 1)[0]!;
    const about = asked === METADATA_PATH || asked.startsWith(`${METADATA_PATH}/`);
    const called = `${request.scheme}://${request.authority}`;
    if (!about || request.method !== 'GET' || request.authority === undefined || called === base()) {
      return handle(request, target);
    }
    return handle(
      request,
      rewriting(target, (text) => renamed(text, base(), called)),
    );
  };
}

/** Collects the body of an answer, unless it is long, and sends what `rewrite` makes of it. */
function rewriting(target: ResponseTarget, rewrite: (text: string) => string | undefined): ResponseTarget {
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

  return {
    ...target,
    head(status, headers) {
      held = { status, headers, chunks: [] };
    },
    chunk(bytes, taken) {
      if (held === undefined) return target.chunk(bytes, taken);
      held.chunks.push(bytes);
      size += bytes.length;
      taken(bytes.length);
      if (size > MAX_DOCUMENT) release(Buffer.concat(held.chunks), held.headers);
    },
    end(trailers) {
      if (held !== undefined) {
        const bytes = Buffer.concat(held.chunks);
        const text = rewrite(bytes.toString());
        if (text === undefined) release(bytes, held.headers);
        else release(Buffer.from(text), withoutLength(held.headers));
      }
      target.end(trailers);
    },
    fail(error) {
      held = undefined;
      target.fail(error);
    },
  };
}

/** The document with another name; undefined when it does not bear the one. */
function renamed(text: string, from: string, to: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  const members = document as Record<string, unknown>;
  const named = OWN.flatMap((name) => {
    const value = members[name];
    const bears = typeof value === 'string' && (value === from || value.startsWith(`${from}/`));
    return bears ? [[name, to + value.slice(from.length)]] : [];
  });
  return named.length === 0 ? undefined : JSON.stringify({ ...members, ...Object.fromEntries(named) });
}

function withoutLength(headers: readonly string[]): string[] {
  return headers.filter((_, i) => !/^content-length$/i.test(headers[i - (i % 2)]!));
}
