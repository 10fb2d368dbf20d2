import { WasmcpError } from '../../error.ts';
import type { TlsFiles } from '../network/files.ts';
import { decodedPart } from '../network/url-part.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a store is, from a URL. */
export interface Target {
  /** One for a single server; several for a cluster or for sentinels, any of which may be unavailable. */
  readonly addresses: readonly Address[];
  readonly user: string | undefined;
  /** The password in the URL, or in `REDISCLI_AUTH`. */
  readonly password: string | undefined;
  readonly database: number;
  /** The prefix of all keys. */
  readonly prefix: string;
  /** The name by which sentinels know the primary server. */
  readonly sentinel: string | undefined;
  /** Whether the keys of a bucket are spread by their part before the first colon. */
  readonly isPartitioned: boolean;
  readonly tls: boolean;
  readonly tlsFiles: TlsFiles;
  /** Without the password. */
  readonly shown: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PARAMETERS: ReadonlySet<string> = new Set(['prefix', 'partition', 'sentinel', 'cacert', 'cert', 'key']);

export const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26379;
const DEFAULT_PREFIX = 'wasmcp';

const FORM = /^(rediss?):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/(\d{0,5}))?(?:\?([^#]*))?$/i;

/** @throws WasmcpError `option-invalid`, whose message omits the URL, which may contain a password */
export function parseUrl(url: string, env: Environment): Target {
  const form = FORM.exec(url);
  if (form === null) throw invalid('write redis://USER:PASSWORD@HOST:PORT/DATABASE?prefix=NAME');
  const [, scheme, credentials = '', hosts = '', database = '', query = ''] = form;
  const parameters = new Map(new URLSearchParams(query));
  for (const name of parameters.keys()) {
    if (!PARAMETERS.has(name)) throw invalid(`it has no parameter "${name}"`);
  }
  const prefix = parameters.get('prefix') ?? DEFAULT_PREFIX;
  if (!/^[\w.:-]{1,64}$/.test(prefix)) {
    throw invalid('a prefix has 1 to 64 letters, digits and characters of "_.:-"');
  }
  const partition = parameters.get('partition');
  if (partition !== undefined && partition !== 'prefix') throw invalid('partition can only be "prefix"');
  const sentinel = parameters.get('sentinel');
  const port = sentinel === undefined ? DEFAULT_PORT : DEFAULT_SENTINEL_PORT;
  const addresses = hosts.split(',').map((host) => addressOf(host, port));
  const [user = '', password = ''] = credentials.split(/:(.*)/s).map(decoded);
  const tls = scheme!.toLowerCase() === 'rediss';
  const [ca, cert, key] = ['cacert', 'cert', 'key'].map((name) => parameters.get(name));
  if (!tls && (ca ?? cert ?? key) !== undefined) throw invalid('TLS needs rediss:// at the beginning');
  return {
    addresses,
    user: user || undefined,
    password: password || env.REDISCLI_AUTH || undefined,
    database: Number(database),
    prefix,
    sentinel,
    isPartitioned: partition !== undefined,
    tls,
    tlsFiles: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
    shown: [
      `${tls ? 'rediss' : 'redis'}://${user && `${encodeURIComponent(user)}@`}`,
      addresses.map(shownAddress).join(','),
      `/${Number(database)}?prefix=${prefix}`,
      sentinel === undefined ? '' : `&sentinel=${encodeURIComponent(sentinel)}`,
      partition === undefined ? '' : `&partition=${partition}`,
    ].join(''),
  };
}

/** Tries one address after another. @throws what went wrong with the first one */
export async function firstOf<T>(
  addresses: readonly Address[],
  attempt: (address: Address) => Promise<T>,
): Promise<T> {
  let problem: unknown;
  for (const address of addresses) {
    try {
      return await attempt(address);
    } catch (error) {
      problem ??= error;
    }
  }
  throw problem;
}

export function shownAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function addressOf(text: string, defaultPort: number): Address {
  const [, inBrackets, plain, digits] = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = inBrackets ?? (plain && decoded(plain));
  const port = Number(digits ?? defaultPort);
  if (!host || port < 1 || port > 65535) throw invalid('one of its hosts is not HOST:PORT');
  return { host, port };
}

function decoded(text: string): string {
  return decodedPart(text, invalid);
}

function invalid(reason: string): WasmcpError {
  return new WasmcpError('option-invalid', `this redis: URL is not usable: ${reason}`);
}
