import { WasmcpError } from '../../error.ts';
import type { TlsFiles } from '../network/files.ts';
import { decodedPart } from '../network/url-part.ts';

/** Where a store is, from a URL and libpq's variables (https://www.postgresql.org/docs/current/libpq-envars.html). */
export interface Target {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly schema: string;
  readonly tls: TlsMode;
  readonly tlsFiles: TlsFiles;
  /** The password in the URL or in `PGPASSWORD`. */
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  /** Whether hosts may use LISTEN and NOTIFY; otherwise they poll. */
  readonly notifies: boolean;
  /** Without the password. */
  readonly shown: string;
}

/** libpq's modes without `prefer` and `allow`, which would leave the choice to a man in the middle. */
export type TlsMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

type Environment = Readonly<Record<string, string | undefined>>;

const PARAMETERS: ReadonlySet<string> = new Set([
  'schema',
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'passfile',
  'notify',
]);

const MODES: readonly string[] = ['disable', 'require', 'verify-ca', 'verify-full'] satisfies TlsMode[];

const DEFAULT_SCHEMA = 'wasmcp';

/** @throws WasmcpError `option-invalid`, whose message omits the URL, which may contain a password */
export function parseUrl(url: string, env: Environment): Target {
  const parsed = URL.parse(url);
  if (parsed === null) throw invalid('write postgres://USER@HOST:PORT/DATABASE?schema=NAME, with one host');
  const parameters = new Map(parsed.searchParams);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.has(name)) throw invalid(`it has no parameter "${name}"`);
  }
  const host = unbracketed(parsed.hostname) || parameters.get('host') || env.PGHOST || 'localhost';
  const port = Number(parsed.port || parameters.get('port') || env.PGPORT || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw invalid('its port is invalid');
  const user = decoded(parsed.username) || parameters.get('user') || env.PGUSER || env.USER || 'postgres';
  const database = decoded(parsed.pathname.slice(1)) || parameters.get('dbname') || env.PGDATABASE || user;
  const schema = parameters.get('schema') ?? DEFAULT_SCHEMA;
  if (!/^[a-z_][a-z0-9_]{0,62}$/i.test(schema)) {
    throw invalid('a schema has 1 to 63 letters, digits and underscores, and does not begin with a digit');
  }
  const notify = parameters.get('notify') ?? 'on';
  if (notify !== 'on' && notify !== 'off') throw invalid('notify is on or off');
  const ca = parameters.get('sslrootcert') ?? env.PGSSLROOTCERT;
  const cert = parameters.get('sslcert') ?? env.PGSSLCERT;
  const key = parameters.get('sslkey') ?? env.PGSSLKEY;
  const authority = `${encodeURIComponent(user)}@${shownHost(host)}:${port}`;
  return {
    ...{ host, port, user, database, schema },
    tls: tlsMode(parameters.get('sslmode') ?? env.PGSSLMODE, ca),
    tlsFiles: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
    password: decoded(parsed.password) || parameters.get('password') || env.PGPASSWORD || undefined,
    notifies: notify === 'on',
    passwordFile: parameters.get('passfile') ?? env.PGPASSFILE,
    shown: `postgres://${authority}/${encodeURIComponent(database)}?schema=${schema}`,
  };
}

function tlsMode(mode: string | undefined, ca: string | undefined): TlsMode {
  if (mode === undefined) return ca === undefined ? 'disable' : 'verify-full';
  if (!MODES.includes(mode)) throw invalid(`sslmode is one of ${MODES.join(', ')}`);
  // As in libpq: a root certificate is given, so the server's certificate is verified.
  return mode === 'require' && ca !== undefined ? 'verify-ca' : (mode as TlsMode);
}

function unbracketed(hostname: string): string {
  return decoded(hostname.replace(/^\[(.*)\]$/, '$1'));
}

function shownHost(host: string): string {
  if (host.startsWith('/')) return encodeURIComponent(host);
  return host.includes(':') ? `[${host}]` : host;
}

function decoded(text: string): string {
  return decodedPart(text, invalid);
}

function invalid(reason: string): WasmcpError {
  return new WasmcpError('option-invalid', `this postgres: URL is not usable: ${reason}`);
}
