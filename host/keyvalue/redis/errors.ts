import { WasmcpError, type WasmcpErrorCode } from '../../error.ts';
import { Lost, reasonOf, unavailable } from '../network/outcomes.ts';
import { Reported } from './link.ts';

/** Our failure for each kind of error that the engine reports. */
const FAILURES: Readonly<Record<string, readonly [code: WasmcpErrorCode, what: string]>> = {
  WRONGPASS: ['store-unusable', 'refuses these credentials: check user and password'],
  NOAUTH: ['store-unusable', 'needs a password: use --store-password-file'],
  NOPERM: ['store-unusable', 'lacks a permission: the user needs all commands on the keys of the store'],
  READONLY: ['store-unavailable', 'is a replica: connect to the primary server'],
  MASTERDOWN: ['store-unavailable', 'is a replica: connect to the primary server'],
  LOADING: ['store-unavailable', 'is starting'],
  CLUSTERDOWN: ['store-unavailable', 'has slots that no server has'],
  NOREPLICAS: ['store-unavailable', 'has fewer replicas than it needs (min-replicas-to-write)'],
  OOM: ['store-full', 'has no memory left: delete something, or raise maxmemory'],
  MISCONF: ['store-full', 'cannot write to its disk: free some space there'],
  // Our scripts take microseconds: whatever blocks the engine belongs to another client.
  BUSY: ['store-busy', 'is running the script of another client: try again'],
  WRONGTYPE: ['store-unusable', 'has keys of another program: choose another prefix with ?prefix=NAME'],
};

const TOO_MANY_CONNECTIONS = /^ERR max number of clients reached/;

/** Whether a write was refused because its fence does not hold. */
export function isFenced(error: unknown): boolean {
  return error instanceof Reported && error.kind === 'FENCED';
}

/** Maps an error of the engine, or of connecting to it, to a failure; returns a bug unchanged. */
export function redisFailure(error: unknown, url: string): unknown {
  if (error instanceof WasmcpError || error instanceof TypeError || !(error instanceof Error)) return error;
  if (error instanceof Lost || !(error instanceof Reported)) return connectingFailure(error, url);
  if (TOO_MANY_CONNECTIONS.test(error.message)) {
    const message = `${url} has no connection left (maxclients)`;
    return new WasmcpError('store-unavailable', message, { cause: error });
  }
  const [code, what] = FAILURES[error.kind] ?? ['store-unusable', 'refuses a command'];
  return new WasmcpError(code, `${url} ${what} (${error.message})`, { cause: error });
}

/** Whether a setting is wrong on either side, so that waiting would not help. */
function connectingFailure(error: Error, url: string): WasmcpError {
  const code = 'code' in error ? String(error.code) : '';
  if (!/CERT|_TLS_|_SSL_|SIGNATURE/.test(code)) return unavailable(url, reasonOf(error), error);
  const message = `${url} cannot be used: ${error.message}`;
  return new WasmcpError('store-unusable', message, { cause: error });
}
