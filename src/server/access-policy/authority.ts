/** RFC 3986 section 3.2 without userinfo, as RFC 9110 section 7.2 requires; a name is not empty (section 4.2.1). */
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[\w\-.~!$&'()*+,;=%]+)(:\d*)?$/i;

/** Whether a `Host` is well-formed. Stricter than `URL`, which tolerates a path or a user. */
export function isAuthority(text: string): boolean {
  return AUTHORITY.test(text);
}

/** Host and port, normalized by `URL`; undefined for malformed text. */
export function parseAuthority(text: string, scheme: 'http' | 'https'): URL | undefined {
  return isAuthority(text) ? (URL.parse(`${scheme}://${text}`) ?? undefined) : undefined;
}

/** The port, including a default port that is omitted. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}
