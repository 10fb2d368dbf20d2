import type { Store } from '../../../host/index.ts';
import type { SessionState } from './metadata.ts';
import { deleteSession, readSession, sessionIds } from './sessions.ts';

/** Which sessions go. */
export interface PurgeRule {
  readonly bucket: string;
  /** The time that counts, in milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds that a session stays after its end. */
  readonly retention: number;
}

/** What a purge has done. */
export interface Purged {
  readonly sessions: number;
  readonly keys: number;
  /** What has a session's key, but not what wasmcp's servers store there: left alone. */
  readonly unclear: number;
}

/**
 * Deletes the sessions of a bucket that ended or expired `retention` ago. Live ones stay, and so does each key that is no
 * session's. Several may do so at once.
 *
 * @param breathe Called after each session; whoever shares the thread or the store with others waits here. False stops.
 * @throws WasmcpError `store-*`
 */
export async function purgeSessions(
  store: Store,
  { bucket, now, retention }: PurgeRule,
  breathe: () => Promise<boolean> | boolean = () => true,
): Promise<Purged> {
  const done = { sessions: 0, keys: 0, unclear: 0 };
  for await (const id of sessionIds(store, bucket)) {
    const session = await readSession(store, bucket, id, now);
    if (session === 'unclear') done.unclear += 1;
    else if (session !== undefined && isDue(session.state, now, retention)) {
      const keys = await deleteSession(store, bucket, id);
      done.keys += keys;
      // None are left where somebody else was faster.
      if (keys > 0) done.sessions += 1;
    }
    if (!(await breathe())) break;
  }
  return done;
}

function isDue(state: SessionState, now: number, retention: number): boolean {
  return state.name !== 'live' && now - state.since >= retention;
}
