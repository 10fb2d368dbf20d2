import type { Middleware } from '../http/compose.ts';
import { filterHeaders } from '../http/headers.ts';

/** Replaces headers of each request with these; their names are in lower case. A `host` sets the authority as well. */
export function withRequestHeaders(replacements: readonly (readonly [string, string])[]): Middleware {
  if (replacements.length === 0) return (next) => next;
  const names = new Set(replacements.map(([name]) => name));
  const host = replacements.find(([name]) => name === 'host')?.[1];
  return (next) => (request, writer) => {
    const kept = filterHeaders(request.headers, (name) => !names.has(name));
    const headers = [...kept, ...replacements.flat()];
    return next({ ...request, headers, authority: host ?? request.authority }, writer);
  };
}
