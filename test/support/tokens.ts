/** Tokens for `notes-*.wasm`, whose signature is a checksum, see `fixtures/guests/notes/sessions/src/tokens.rs`. */
export const ISSUER = 'https://issuer.example';
const KEY = 'secret';

/** The environment in which the guest asks for tokens. */
export const OAUTH: Readonly<Record<string, string>> = {
  WASMCP_AUTH_MODE: 'oauth',
  JWT_ISSUER: ISSUER,
  NOTES_KEY: KEY,
};

/** The same as arguments of the command. */
export const OAUTH_ARGS: readonly string[] = Object.entries(OAUTH).flatMap(([name, value]) => [
  '--env',
  `${name}=${value}`,
]);

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The value of `Authorization` for a subject; it is good for an hour. */
export function bearer(sub: string | undefined, claims: object = {}, key: string = KEY): string {
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'none of ours' })}.${part({ iss: ISSUER, sub, iat: now, exp: now + 3600, ...claims })}`;
  return `Bearer ${text}.${checksum(`${key}.${text}`)}`;
}

/** FNV-1a of 64 bits. */
function checksum(text: string): string {
  let sum = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
  return sum.toString(16).padStart(16, '0');
}

/** Headers with a token. */
export function as(sub: string, claims: object = {}): { readonly authorization: string } {
  return { authorization: bearer(sub, claims) };
}
