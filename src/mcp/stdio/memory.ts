import type { Store } from '../../../host/index.ts';
import { isSessionId } from '../sessions/layout.ts';
import { deleteSession } from '../sessions/sessions.ts';

/** Remembers the last session of each client. */
export interface SessionMemory {
  find(client: string): Promise<string | undefined>;
  keep(client: string, session: string): Promise<void>;
  /** Deletes a session that was ended before it was used. */
  forget(session: string): Promise<void>;
}

/** A bucket beside those that guests use. */
export const STDIO_BUCKET = 'wasmcp-node:stdio';

/** Significant characters of a client's name. */
const NAME_LENGTH = 200;

/**
 * Uses a store, which other servers may share: `server` is the name of this one. `bucket` is where it keeps its sessions, if
 * it does.
 */
export function createSessionMemory(store: Store, server: string, bucket: string | undefined): SessionMemory {
  const key = (client: string): string => JSON.stringify([server, client.slice(0, NAME_LENGTH)]);
  return {
    async find(client) {
      const value = await store.get(STDIO_BUCKET, key(client));
      return value === undefined ? undefined : new TextDecoder().decode(value);
    },
    async keep(client, session) {
      await store.set(STDIO_BUCKET, key(client), new TextEncoder().encode(session));
    },
    async forget(session) {
      if (bucket !== undefined && isSessionId(session)) await deleteSession(store, bucket, session);
    },
  };
}
