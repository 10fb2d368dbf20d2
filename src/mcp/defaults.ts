import { checked, openStore, type Store, type StoreLimits, WasmcpError } from '../../host/index.ts';
import { ALLOWED_ORIGINS, DEFAULT_BUCKET } from './wasmcp-quirks.ts';

type Environment = Readonly<Record<string, string>>;

/** The environment of a wasmcp server where the user does not set it. `url` is where clients find the server. */
export function guestDefaults(url: string): Environment {
  return {
    WASMCP_SESSION_ENABLED: 'true',
    WASMCP_SERVER_URI: url,
    WASMCP_ALLOWED_ORIGINS: ALLOWED_ORIGINS,
  };
}

/** Origins that the guest's environment allows. */
export function guestOrigins(env: Environment): string[] {
  return (env.WASMCP_ALLOWED_ORIGINS ?? '')
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
}

/** The bucket in which a wasmcp server with this environment keeps its sessions; undefined when it keeps none. */
export function sessionBucket(env: Environment): string | undefined {
  if (env.WASMCP_SESSION_ENABLED?.toLowerCase() !== 'true') return undefined;
  return env.WASMCP_SESSION_BUCKET || DEFAULT_BUCKET;
}

/** Whether a wasmcp server with this environment asks its clients for tokens. */
export function authorizes(env: Environment): boolean {
  return env.WASMCP_AUTH_MODE?.toLowerCase() === 'oauth';
}

/** Whether sessions are kept, where, and who may use them, as a human-readable line. */
export function describeSessions(env: Environment, storeUrl: string): string {
  const bucket = sessionBucket(env);
  const sessions =
    bucket === undefined ? 'Sessions off' : `Sessions on, in bucket "${bucket}" of ${storeUrl}`;
  return `${sessions}; auth ${authorizes(env) ? 'oauth' : 'public'}`;
}

/**
 * Checks, before the first client connects, whether sessions can be kept: reads the bucket and attempts a write that has no
 * effect.
 *
 * @throws WasmcpError `store-*`, `bucket-denied`, `bucket-name-invalid`
 */
export async function probeBucket(
  store: string | Store,
  limits: StoreLimits | undefined,
  bucket: string,
): Promise<void> {
  const opened = typeof store === 'string' ? await openStore(store) : store;
  try {
    // No key has this version.
    await checked(opened, limits).swap(bucket, 'probe', -1n, new Uint8Array());
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    const remedy = '--env WASMCP_SESSION_ENABLED=false serves without sessions';
    throw new WasmcpError(error.code, `sessions cannot be stored: ${error.message}; ${remedy}`, {
      cause: error,
    });
  } finally {
    if (opened !== store) await opened.close();
  }
}
