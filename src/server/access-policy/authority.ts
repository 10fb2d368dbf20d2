/** RFC 3986 section 3.2 without userinfo, as RFC 9110 section 7.2 wants it; a name is not empty (section 4.2.1). */
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[\w\-.~!$&'()*+,;=%]+)(:\d*)?$/i;

/** Whether a `Host` has the shape of one; what `URL` would forgive, such as a path or a user, is none. */
export function isAuthority(text: string): boolean {
  return AUTHORITY.test(text);
}

/** Host and port, spelled as `URL` spells them; undefined for what is no authority. */
export function parseAuthority(text: string, scheme: 'http' | 'https'): URL | undefined {
  return isAuthority(text) ? (URL.parse(`${scheme}://${text}`) ?? undefined) : undefined;
}

/** The port that is meant, also where it is the usual one and left out. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}
