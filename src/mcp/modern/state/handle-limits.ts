import type { HandleNames } from '../../../options/types.ts';
import type { HandleLimits } from './options.ts';
import type { PrincipalRecords } from './principal-records.ts';
import type { SessionLife } from './session-life.ts';

/** How many sessions clients without sessions may have. */
export interface HandleCounts {
  /** Returns what the client is told if it may not have another one. Else there is a place for one, until `release`. */
  reserve(owner: string | undefined): Promise<string | undefined>;
  release(): void;
  /** It has been created in the place reserved. Returns what the client is told if it may not have it, because others were faster. */
  add(owner: string | undefined, session: string): Promise<string | undefined>;
  used(session: string): void;
  /** It has ended or expired. */
  ended(session: string): void;
}

/** Without records, principals have no limit of their own. */
export function createHandleCounts(
  records: PrincipalRecords | undefined,
  life: SessionLife,
  lifetime: number,
  { perPrincipal, perHost }: HandleLimits,
  { end, argument }: HandleNames,
): HandleCounts {
  /** Sessions that were created here, and when they expire without further use, in milliseconds since 1970. */
  const open = new Map<string, number>();
  let reserved = 0;
  const own = `you have ${perPrincipal} sessions, the most that one client may have: end one with ${end}`;
  const all = `this host has ${perHost} sessions, the most that it keeps: try again later, or without a ${argument}`;

  function isFull(): boolean {
    if (open.size + reserved < perHost) return false;
    const now = Date.now();
    for (const [session, until] of open) if (until <= now) open.delete(session);
    return open.size + reserved >= perHost;
  }

  /** Those that the principal still has. */
  async function live(sessions: readonly string[]): Promise<string[]> {
    const states = await Promise.all(sessions.map((session) => life.stateOf(session)));
    return sessions.filter((_, i) => states[i] === 'live');
  }

  return {
    async reserve(owner) {
      if (isFull()) return all;
      reserved += 1;
      if (owner === undefined || records === undefined) return undefined;
      const { record } = await records.read(owner);
      if (record.handles.length < perPrincipal) return undefined;
      if ((await live(record.handles)).length < perPrincipal) return undefined;
      return own;
    },
    release() {
      reserved -= 1;
    },
    async add(owner, session) {
      if (owner !== undefined && records !== undefined) {
        for (;;) {
          const { record, version } = await records.read(owner);
          const full = record.handles.length >= perPrincipal;
          const handles = full ? await live(record.handles) : record.handles;
          if (handles.length >= perPrincipal) return own;
          if (await records.write(owner, version, { ...record, handles: [...handles, session] })) break;
        }
      }
      open.set(session, Date.now() + lifetime);
      return undefined;
    },
    used(session) {
      if (open.has(session)) open.set(session, Date.now() + lifetime);
    },
    ended: (session) => void open.delete(session),
  };
}
