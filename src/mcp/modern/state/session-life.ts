import type { Store } from '../../../../host/index.ts';
import { isSessionId, metadataKey } from '../../sessions/layout.ts';
import { extendedMetadata, readMetadata, type SessionState, stateOf } from '../../sessions/metadata.ts';

/**
 * Lets sessions last as long as they are used, whatever the guest decided when it opened them: wasmcp's servers end a session with
 * the token that opened it, or after a day, and clients without sessions could not know (MCP 2026-07-28, "Tools", section
 * "Stateful Tools").
 */
export interface SessionLife {
  /** The session has been opened for a client without sessions. */
  begin(session: string): Promise<void>;
  /** The guest has accepted a request in it. */
  used(session: string): void;
  /** Undefined if there is no such session, or its metadata was not written by a wasmcp server. */
  stateOf(session: string): Promise<SessionState['name'] | undefined>;
}

/** Sessions whose end is remembered; the one that was extended longest ago is forgotten first. */
const MAX_KNOWN = 10_000;

/** The share of its life after which a session that is used is extended. */
const SHARE = 1 / 24;

/** `lifetime` is in milliseconds, from the last use on. Without a store nothing is changed. */
export function createSessionLife(store: Store | undefined, bucket: string, lifetime: number): SessionLife {
  /** When sessions were last extended, in milliseconds since 1970. */
  const extended = new Map<string, number>();

  async function extend(session: string): Promise<void> {
    if (store === undefined || !isSessionId(session)) return;
    const now = Date.now();
    remember(session, now);
    const key = metadataKey(session);
    for (;;) {
      const { value, version } = await store.read(bucket, key);
      const metadata = value && readMetadata(value);
      if (metadata === undefined || stateOf(metadata, 0, now).name !== 'live') return;
      const end = Math.ceil((now + lifetime) / 1000) * 1000;
      if (await store.swap(bucket, key, version, extendedMetadata(metadata, end))) return;
    }
  }

  function remember(session: string, now: number): void {
    extended.delete(session);
    extended.set(session, now);
    if (extended.size > MAX_KNOWN) extended.delete(extended.keys().next().value!);
  }

  return {
    begin: extend,
    used(session) {
      const last = extended.get(session);
      if (last !== undefined && Date.now() - last < lifetime * SHARE) return;
      // The next request tries again.
      extend(session).catch(() => extended.delete(session));
    },
    async stateOf(session) {
      if (store === undefined || !isSessionId(session)) return undefined;
      const { value } = await store.read(bucket, metadataKey(session));
      const metadata = value && readMetadata(value);
      return metadata && stateOf(metadata, 0, Date.now()).name;
    },
  };
}
