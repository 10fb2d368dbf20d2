/**
 * How wasmcp's servers store sessions in a bucket: each key of a session begins with its id and a colon. The id is a random
 * UUID (RFC 9562, version 4) in lower case; the server's own metadata is at `{id}:__meta__`.
 */

const HEX = '0123456789abcdef';
const ID_LENGTH = 36;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isSessionId(text: string): boolean {
  return ID.test(text);
}

/** Whether ids can begin with this text, which is not a whole one. */
export function couldBeginId(text: string): boolean {
  if (text === '' || text.length >= ID_LENGTH) return false;
  return [...text].every((letter, at) => charactersAt(at).includes(letter));
}

/** The prefix of each key of a session. */
export function prefixOf(session: string): string {
  return `${session}:`;
}

export function metadataKey(session: string): string {
  return `${session}:__meta__`;
}

/** The session that a key belongs to, by its form. */
export function sessionOfKey(key: string): string | undefined {
  const id = key.slice(0, ID_LENGTH);
  return key[ID_LENGTH] === ':' && isSessionId(id) ? id : undefined;
}

/** The first text, in byte order, after all keys of a session. */
export function firstAfter(session: string): string {
  return `${session};`;
}

/**
 * The first text after `key`, which belongs to no session, that a session's key can begin with: a search for sessions skips
 * what else is in the bucket. Undefined when no session can follow.
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

/** Characters that a session's key may have at this position, in order. */
function charactersAt(place: number): string {
  if (place === ID_LENGTH) return ':';
  if (place === 8 || place === 13 || place === 18 || place === 23) return '-';
  if (place === 14) return '4';
  return place === 19 ? '89ab' : HEX;
}
