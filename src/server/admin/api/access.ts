import { hash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { WasmcpError } from '../../../../host/index.ts';
import { type Reply, refusal } from './reply.ts';

/** Who may use the API and the page. */
export interface AdminAccess {
  /** The refusal of a request to the API, if it is refused. */
  refuse(request: IncomingMessage): Reply | undefined;
  /** The refusal of a request to the page, which contains nothing that needs a token, and asks for the API's. */
  refusePage(request: IncomingMessage): Reply | undefined;
}

export interface AdminAccessOptions {
  /** What clients must send as a bearer token; undefined for none. */
  readonly token: string | undefined;
  /** Whether only this machine can connect. */
  readonly isLocal: () => boolean;
}

const CLOSED =
  'the API and the page are off on an address that other machines can reach: start the server with --admin-token-file, or listen on loopback or a Unix socket';
const WRONG =
  'the token is missing or wrong: send the content of --admin-token-file as Authorization: Bearer';
const FOREIGN = 'a page of another origin must not use this server';

/**
 * Neither the API nor the page use cookies, so a foreign page cannot make a browser authenticate its requests; the check of
 * origins is what protects an address that needs no token.
 */
export function createAdminAccess({ token, isLocal }: AdminAccessOptions): AdminAccess {
  const hasToken = token === undefined ? undefined : bearerCheck(token);

  function refusePage(request: IncomingMessage): Reply | undefined {
    if (isForeign(request)) return refusal(403, FOREIGN);
    return hasToken === undefined && !isLocal() ? refusal(403, CLOSED) : undefined;
  }

  return {
    refusePage,
    refuse(request) {
      const refused = refusePage(request);
      if (refused !== undefined || hasToken === undefined || hasToken(request)) return refused;
      return refusal(401, WRONG, { 'www-authenticate': 'Bearer realm="wasmcp-node"' });
    },
  };
}

/** Whether a request has this bearer token. */
export function bearerCheck(token: string): (request: IncomingMessage) => boolean {
  const expected = digestOf(token);
  return ({ headers }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    // Digests have the same length whatever the client sends, so the time of the comparison tells nothing.
    return given !== undefined && timingSafeEqual(digestOf(given), expected);
  };
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Whether a page of another origin sent the request, as far as the browser tells. */
function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return URL.parse(origin)?.host !== host?.toLowerCase();
  const site = headers['sec-fetch-site'];
  // Browsers send no origin with the requests of images and links: links may lead here, but not embed what is here.
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return (site === 'cross-site' || site === 'same-site') && !isNavigation;
}

/** Shorter tokens can be guessed. */
const MIN_TOKEN = 16;

/**
 * The token in a file, without the white space around it.
 *
 * @throws WasmcpError `option-invalid`
 */
export async function readTokenFile(path: string, flag: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new WasmcpError('option-invalid', `${flag} ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= MIN_TOKEN) return token;
  throw new WasmcpError(
    'option-invalid',
    `${flag} ${path} must contain one token of at least ${MIN_TOKEN} visible ASCII characters, such as openssl rand -hex 32 prints`,
  );
}
