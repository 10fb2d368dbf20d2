import { isAuthority } from './authority.ts';

/** The request as the nearest proxy received it. */
export interface Forwarded {
  readonly scheme: 'http' | 'https' | undefined;
  readonly authority: string | undefined;
}

/** `name=value` or `name="value"`, and its delimiter (RFC 7239 section 4). An unquoted port is not a token, but common. */
const PAIR = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]+))\s*(;|,|$)/y;

export function isForwardedField(lowerName: string): boolean {
  return lowerName === 'forwarded' || lowerName.startsWith('x-forwarded-');
}

/**
 * Reads the last element of each field, which the nearest proxy added. Undefined when it is malformed, or when `Forwarded`
 * (RFC 7239) and `X-Forwarded-*` contradict each other: one of them then comes from the client.
 */
export function readForwarded(fields: ReadonlyMap<string, string>): Forwarded | undefined {
  const standard = lastElement(fields.get('forwarded'));
  if (standard === undefined) return undefined;
  const schemes = [standard.get('proto'), last(fields.get('x-forwarded-proto'))];
  const hosts = [standard.get('host'), last(fields.get('x-forwarded-host'))];
  const scheme = agreed(schemes);
  const authority = agreed(hosts);
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') return undefined;
  if (authority !== undefined && !isAuthority(authority)) return undefined;
  return differ(schemes) || differ(hosts) ? undefined : { scheme, authority };
}

function last(list: string | undefined): string | undefined {
  return list
    ?.slice(list.lastIndexOf(',') + 1)
    .trim()
    .toLowerCase();
}

function agreed(values: readonly (string | undefined)[]): string | undefined {
  return values.find((value) => value !== undefined);
}

function differ([first, second]: readonly (string | undefined)[]): boolean {
  return first !== undefined && second !== undefined && first !== second;
}

/** Lower-case pairs of the last element; undefined for bad syntax. */
function lastElement(text = ''): Map<string, string> | undefined {
  const pairs = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(text);
    if (match === null) return undefined;
    const [whole, name = '', quoted, token = '', end] = match;
    const key = name.toLowerCase();
    if (pairs.has(key)) return undefined;
    pairs.set(key, (quoted?.replace(/\\(.)/g, '$1') ?? token).toLowerCase());
    at += whole.length;
    if (end === ',' && at < text.length) pairs.clear();
  }
  return pairs;
}
