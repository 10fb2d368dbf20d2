/**
 * How wasmcp's servers lay sessions out in a bucket: each key of a session begins with its id and a colon, the id being a
 * random UUID (RFC 9562, version 4) in lower case; what the server itself remembers of it is at `{id}:__meta__`.
 */

const HEX = '0123456789abcdef';
const ID_LENGTH = 36;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isSessionId(text: string): boolean {
  return ID.test(text);
}

/** What each key of a session begins with. */
export function prefixOf(session: string): string {
  return `${session}:`;
}

export function metadataKey(session: string): string {
  return `${session}:__meta__`;
}

/** The session that a key belongs to by its form. */
export function sessionOfKey(key: string): string | undefined {
  const id = key.slice(0, ID_LENGTH);
  return key[ID_LENGTH] === ':' && isSessionId(id) ? id : undefined;
}

/** The first text, in the order of bytes, that is behind all keys of a session. */
export function behind(session: string): string {
  return `${session};`;
}

/**
 * The first text behind `key`, which is no session's, that a session's key can begin with: whoever looks for sessions
 * sequence over what else is in the bucket. Undefined when none can follow.
 */
export function nextPossible(key: string): string | undefined {
  let fits = 0;
  while (fits <= ID_LENGTH && key[fits] !== undefined && charactersAt(fits).includes(key[fits]!)) fits += 1;
  for (let at = Math.min(fits, ID_LENGTH); at >= 0; at--) {
    const next = [...charactersAt(at)].find((letter) => key[at] === undefined || letter > key[at]!);
    if (next !== undefined) return key.slice(0, at) + next;
  }
  return undefined;
}

/** Characters that a session's key may have at this place, in order. */
function charactersAt(place: number): string {
  if (place === ID_LENGTH) return ':';
  if (place === 8 || place === 13 || place === 18 || place === 23) return '-';
  if (place === 14) return '4';
  return place === 19 ? '89ab' : HEX;
}
