import type { Store } from '../../../host/index.ts';
import { purgeEdits } from './edits.ts';
import type { SessionState } from './metadata.ts';
import { purgePrincipals } from './purge-principals.ts';
import { deleteSession, readSession, sessionParts } from './sessions.ts';

/** Which sessions are deleted. */
export interface PurgeRule {
  readonly bucket: string;
  /** The current time, in milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds that a session is kept after its end. */
  readonly retention: number;
}

/** What a purge has done. */
export interface Purged {
  readonly sessions: number;
  readonly keys: number;
  /** Entries with a session's key that wasmcp's servers would not have written: left alone. */
  readonly unclear: number;
  /** Sessions that are left, by state; undefined unless all were read. */
  readonly left?: Readonly<Record<SessionState['name'], number>>;
}

/**
 * Deletes the sessions of a bucket that ended or expired `retention` ago. Live sessions stay, and so do keys that belong to no
 * session. Several purges may run at once. Records of principals whose sessions are all gone go, too, and those of edits.
 *
 * @param proceed Called after some sessions: may pause, to leave the thread and the store to others. False stops the purge.
 * @throws WasmcpError `store-*`
 */
export async function purgeSessions(
  store: Store,
  { bucket, now, retention }: PurgeRule,
  proceed: () => Promise<boolean> | boolean = () => true,
): Promise<Purged> {
  const done = { sessions: 0, keys: 0, unclear: 0 };
  const left = { live: 0, ended: 0, expired: 0 };
  for await (const part of sessionParts(store, bucket)) {
    /** Of small sessions, which go together: each transaction costs more than to delete a key. */
    const gone: string[] = [];
    for (const { id, keys } of part) {
      const session = await readSession(store, bucket, id, now);
      if (session === 'unclear') done.unclear += 1;
      else if (session === undefined) continue;
      else if (!isDue(session.state, now, retention)) left[session.state.name] += 1;
      else {
        done.sessions += 1;
        if (keys === undefined) done.keys += await deleteSession(store, bucket, id);
        else gone.push(...keys);
      }
    }
    if (gone.length > 0) await store.deleteMany(bucket, gone);
    done.keys += gone.length;
    if (!(await proceed())) return done;
  }
  await purgePrincipals(store, { bucket, now, retention }, proceed);
  await purgeEdits(store, bucket, proceed);
  return { ...done, left };
}

function isDue(state: SessionState, now: number, retention: number): boolean {
  return state.name !== 'live' && now - state.since >= retention;
}
