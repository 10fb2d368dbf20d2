import { WasmcpError } from '../../../../host/index.ts';
import type { RequestObservers } from '../../../http/request-observers.ts';
import { isSessionId } from '../../../mcp/sessions/layout.ts';
import type { AdministeredServer, Administration } from '../administration.ts';
import type { AdminAccess } from './access.ts';
import { type Api, createApi } from './api.ts';
import { createEventFeed } from './event-feed.ts';
import { ApiError } from './reply.ts';
import { requestEvent } from './request-event.ts';
import type { ApiContext } from './route.ts';
import { sample } from './server-routes.ts';
import { sessionRecord } from './session-routes.ts';
import { createStoreService, type StoreService } from './store-service.ts';
import { type StoreThread, startStoreThread } from './store-thread.ts';

/** The API of one server, and what connects it with the server. */
export interface StartedApi {
  readonly api: Api;
  readonly administration: Administration;
}

/** Milliseconds between two figures. */
const SAMPLE_INTERVAL = 1000;
/** Milliseconds in which the changes of a session become one event. */
const CHANGE_INTERVAL = 200;
/** Sessions whose changes wait to be reported. */
const MAX_CHANGED = 10_000;
/** Sessions that are reported at once. */
const AT_ONCE = 200;

/** `observers` are those of the server's requests. */
export function startApi(access: AdminAccess, observers: RequestObservers): StartedApi {
  const feed = createEventFeed();
  let server: AdministeredServer | undefined;
  let opened: { readonly service: StoreService; readonly thread?: StoreThread } | undefined;
  let closing = false;
  const changed = new Set<string>();
  let timers: NodeJS.Timeout[] = [];
  let stopObserving: (() => void) | undefined;

  function service(): StoreService {
    const store = server?.store();
    if (store === undefined || closing) throw new ApiError(503, 'the server is not ready');
    if (opened === undefined) {
      const { local, url } = store;
      if (local !== undefined) opened = { service: createStoreService(local) };
      else {
        const thread = startStoreThread(url!);
        opened = { service: thread.service, thread };
      }
    }
    return opened.service;
  }

  function touched(session: string): void {
    if (feed.isRead && changed.size < MAX_CHANGED && isSessionId(session)) changed.add(session);
  }

  async function reportChanges(): Promise<void> {
    const bucket = server?.store()?.sessions?.bucket;
    if (bucket === undefined) return;
    const ids = [...changed].slice(0, AT_ONCE);
    for (const id of ids) {
      changed.delete(id);
      const summary = await service().summary(bucket, id);
      feed.publish('session', { id, session: summary === undefined ? null : sessionRecord(summary) });
    }
  }

  feed.onReaders((isRead) => {
    for (const timer of timers) clearInterval(timer);
    changed.clear();
    timers = isRead ? startTimers() : [];
    // Requests are only recorded while somebody reads.
    stopObserving?.();
    stopObserving = isRead
      ? observers.add({ answered: (record) => feed.publish('request', requestEvent(record)) })
      : undefined;
  });

  function startTimers(): NodeJS.Timeout[] {
    let busy = false;
    const report = (): void => {
      if (busy || changed.size === 0) return;
      busy = true;
      // A store that fails reports that itself.
      reportChanges()
        .catch(ignoreExpected)
        .finally(() => {
          busy = false;
        });
    };
    const publishSample = (): void => {
      if (server !== undefined) feed.publish('sample', sample(server));
    };
    publishSample();
    return [
      setInterval(publishSample, SAMPLE_INTERVAL).unref(),
      setInterval(report, CHANGE_INTERVAL).unref(),
    ];
  }

  const context = (): ApiContext | undefined => server && { server, service, feed, touched };
  return {
    api: createApi(access, context),
    administration: {
      attach(attached) {
        server = attached;
      },
      sessionUsed: touched,
      async detach() {
        closing = true;
        await opened?.thread?.close();
      },
    },
  };
}

function ignoreExpected(error: unknown): void {
  if (!(error instanceof WasmcpError) && !(error instanceof ApiError)) throw error;
}
