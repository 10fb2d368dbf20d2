import { checked, openStore, type Store, type StoreLimits, WasmcpError } from '../../host/index.ts';

type Environment = Readonly<Record<string, string>>;

/** What a wasmcp server finds in its environment, unless it is told otherwise. `url` is where clients find it. */
export function guestDefaults(url: string): Environment {
  return {
    WASMCP_SESSION_ENABLED: 'true',
    WASMCP_SERVER_URI: url,
    // Whoever comes this far has been let in already, by comparing whole origins; the guest compares beginnings.
    WASMCP_ALLOWED_ORIGINS: '*',
  };
}

/** Origins that the guest is told to allow. */
export function guestOrigins(env: Environment): string[] {
  return (env.WASMCP_ALLOWED_ORIGINS ?? '')
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
}

/** Where a wasmcp server of this environment keeps its sessions; undefined when it has none. */
export function sessionBucket(env: Environment): string | undefined {
  if (env.WASMCP_SESSION_ENABLED?.toLowerCase() !== 'true') return undefined;
  return env.WASMCP_SESSION_BUCKET || 'default';
}

/** Whether sessions are kept, where, and who may use them, for people. */
export function describeSessions(env: Environment, storeUrl: string): string {
  const bucket = sessionBucket(env);
  const sessions =
    bucket === undefined ? 'Sessions off' : `Sessions on, in bucket "${bucket}" of ${storeUrl}`;
  return `${sessions}; auth ${env.WASMCP_AUTH_MODE?.toLowerCase() === 'oauth' ? 'oauth' : 'public'}`;
}

/**
 * Tells before the first client whether sessions can be kept: reads the bucket and asks to write, without writing.
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
    throw new WasmcpError(error.code, `sessions cannot be kept: ${error.message}; ${remedy}`, {
      cause: error,
    });
  } finally {
    if (opened !== store) await opened.close();
  }
}
