import { WasmcpError } from '../../../../host/index.ts';
import { lastChange } from '../../../mcp/sessions/changed-sessions.ts';
import { isSessionId } from '../../../mcp/sessions/layout.ts';
import type { SessionSummary } from '../../../mcp/sessions/session-summary.ts';
import type { EventFeed } from './event-feed.ts';
import { ApiError } from './reply.ts';
import { sessionRecord } from './session-record.ts';
import type { StoreService } from './store-service.ts';

/** Where the changes of sessions are read. */
export interface ChangeSource {
  readonly service: StoreService;
  readonly bucket: string;
  /** Whether the store is to be searched for the changes of other programs, which would take time of this thread otherwise. */
  readonly isSearched: boolean;
}

/** Reports the sessions that were written as events. */
export interface SessionFeed {
  /** This program has used the session. */
  touched(session: string): void;
  start(): void;
  stop(): void;
}

/** Milliseconds in which the changes of a session become one event. */
const CHANGE_INTERVAL = 200;
/** Sessions whose changes wait to be reported. */
const MAX_CHANGED = 10_000;
/** Sessions that are reported at once. */
const AT_ONCE = 200;

export function createSessionFeed(feed: EventFeed, source: () => ChangeSource | undefined): SessionFeed {
  const changed = new Set<string>();
  /** When sessions that were reported had last changed: the search finds them again. */
  const reported = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let searching: NodeJS.Timeout | undefined;

  function publish(id: string, summary: SessionSummary | undefined): void {
    if (reported.size >= MAX_CHANGED) reported.clear();
    if (summary !== undefined) reported.set(id, lastChange(summary));
    feed.publish('session', { id, session: summary === undefined ? null : sessionRecord(summary) });
  }

  async function reportTouched(): Promise<void> {
    const found = source();
    for (const id of [...changed].slice(0, AT_ONCE)) {
      changed.delete(id);
      if (found !== undefined) publish(id, await found.service.summary(found.bucket, id));
    }
  }

  async function search(): Promise<number> {
    const found = source();
    if (found?.isSearched !== true) return CHANGE_INTERVAL;
    const { sessions, pause } = await found.service.changes(found.bucket);
    for (const session of sessions) {
      if (reported.get(session.id) !== lastChange(session)) publish(session.id, session);
    }
    return pause;
  }

  function searchAfter(pause: number): void {
    searching = setTimeout(() => {
      search()
        .catch(whenExpected)
        .then((next) => {
          if (timer !== undefined) searchAfter(next ?? CHANGE_INTERVAL);
        });
    }, pause).unref();
  }

  return {
    touched(session) {
      if (timer !== undefined && changed.size < MAX_CHANGED && isSessionId(session)) changed.add(session);
    },
    start() {
      let busy = false;
      timer = setInterval(() => {
        if (busy || changed.size === 0) return;
        busy = true;
        reportTouched()
          .catch(whenExpected)
          .finally(() => {
            busy = false;
          });
      }, CHANGE_INTERVAL).unref();
      searchAfter(0);
    },
    stop() {
      clearInterval(timer);
      clearTimeout(searching);
      timer = undefined;
      changed.clear();
      reported.clear();
    },
  };
}

/** A store that fails reports that itself. */
function whenExpected(error: unknown): undefined {
  if (!(error instanceof WasmcpError) && !(error instanceof ApiError)) throw error;
  return undefined;
}
