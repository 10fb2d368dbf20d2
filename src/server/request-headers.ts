import type { Middleware } from '../http/compose.ts';

/** Replaces headers of each request with these; their names are in lower case. A `host` sets the authority as well. */
export function withRequestHeaders(replacements: readonly (readonly [string, string])[]): Middleware {
  if (replacements.length === 0) return (next) => next;
  const names = new Set(replacements.map(([name]) => name));
  const host = replacements.find(([name]) => name === 'host')?.[1];
  return (next) => (request, writer) => {
    const kept = request.headers.filter((_, i, all) => !names.has(all[i - (i % 2)]!.toLowerCase()));
    const headers = [...kept, ...replacements.flat()];
    return next({ ...request, headers, authority: host ?? request.authority }, writer);
  };
}
