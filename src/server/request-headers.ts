import type { Handler } from '../http/handler.ts';

/** `handle`, whose requests have these headers in place of their own of the same names, given in lower case. */
export function withHeaders(handle: Handler, replaced: readonly (readonly [string, string])[]): Handler {
  if (replaced.length === 0) return handle;
  const names = new Set(replaced.map(([name]) => name));
  const host = replaced.find(([name]) => name === 'host')?.[1];
  return (request, target) => {
    const kept = request.headers.filter((_, i, all) => !names.has(all[i - (i % 2)]!.toLowerCase()));
    const headers = [...kept, ...replaced.flat()];
    return handle({ ...request, headers, authority: host ?? request.authority }, target);
  };
}
