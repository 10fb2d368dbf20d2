import { WasmcpError, type WasmcpErrorCode } from '../../error.ts';
import { reasonOf, unavailable } from '../network/outcomes.ts';

/** Our failure for each SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or for its class. */
const FAILURES: Readonly<Record<string, readonly [code: WasmcpErrorCode, what: string]>> = {
  '25006': ['store-unavailable', 'is read-only: connect to the primary server'],
  '28': ['store-unusable', 'refuses these credentials: check user and password'],
  '3D000': ['store-unusable', 'does not exist: create the database'],
  '3F000': ['store-unusable', 'has lost its schema: restore a backup'],
  '42P01': ['store-unusable', 'has lost a table: restore a backup'],
  '42501': ['store-unusable', 'lacks a permission: grant CREATE and USAGE on its schema'],
  '53100': ['store-full', 'cannot grow: free some space on its disk'],
  '53': ['store-unavailable', 'has no connection or memory left'],
  '54': ['store-limit', 'cannot hold a value or a batch of that size'],
  // The engine has rolled back the statement.
  '57014': ['store-busy', 'took too long and was cancelled: try again'],
  '57P03': ['store-unavailable', 'is starting or stopping'],
  '08P01': ['store-unusable', 'is not PostgreSQL itself: a pooler in front of it must keep sessions'],
  '55': ['store-busy', 'is locked by another client: try again'],
  '58': ['store-unusable', 'cannot read or write its disk'],
  WL001: ['lease-lost', 'has given the lease to another host'],
  XX: ['store-unusable', 'reports that it is damaged'],
};

/** Aborted by the engine because of other transactions; nothing was written (classes 40001 and 40P01). */
const ABORTED: ReadonlySet<string> = new Set(['40001', '40P01']);

/** The SQLSTATE of an error that the engine has reported; undefined if the connection failed. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return 'severity' in error && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** Whether the engine has rolled back the statement because of another one, so that it can be repeated. */
export function isAborted(error: unknown): boolean {
  return ABORTED.has(sqlState(error) ?? '');
}

/** Whether the connection ended, because of the network or because the engine shuts down (57P01 to 57P05, 25P03). */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return !(error instanceof WasmcpError || error instanceof TypeError);
  return /^(57P0[1245]|25P0[34]|08)/.test(state);
}

/** Maps an error of the engine, or of connecting to it, to an expected failure; returns a bug unchanged. */
export function postgresFailure(error: unknown, url: string): unknown {
  if (error instanceof WasmcpError || error instanceof TypeError || !(error instanceof Error)) return error;
  const state = sqlState(error);
  if (state === undefined) return connectingFailure(error, url);
  const known = FAILURES[state] ?? FAILURES[state.slice(0, 2)];
  if (known === undefined && isConnectionLost(error)) return unavailable(url, error.message, error);
  const [code, what] = known ?? ['store-unusable', 'refuses a statement'];
  return new WasmcpError(code, `${url} ${what} (${state}: ${error.message})`, { cause: error });
}

/** Whether a setting is wrong on either side, so that waiting would not help. */
function connectingFailure(error: Error, url: string): WasmcpError {
  const code = 'code' in error ? String(error.code) : '';
  const isSetting = /^SASL|does not support SSL/.test(error.message) || /CERT|_TLS_|SIGNATURE/.test(code);
  if (!isSetting) return unavailable(url, reasonOf(error), error);
  return new WasmcpError('store-unusable', `${url} cannot be used: ${error.message}`, { cause: error });
}
