import type { RequestObservers } from '../../../http/request-observers.ts';
import type { AdministeredServer, Administration } from '../administration.ts';
import type { AdminAccess } from './access.ts';
import { type Api, createApi } from './api.ts';
import { createEventFeed } from './event-feed.ts';
import { ApiError } from './reply.ts';
import { requestEvent } from './request-event.ts';
import type { ApiContext } from './route.ts';
import { sample } from './server-routes.ts';
import { createSessionFeed } from './session-feed.ts';
import { createStoreService, type StoreService } from './store-service.ts';
import { type StoreThread, startStoreThread } from './store-thread.ts';

/** The API of one server, and what connects it with the server. */
export interface StartedApi {
  readonly api: Api;
  readonly administration: Administration;
}

/** Milliseconds between two figures. */
const SAMPLE_INTERVAL = 1000;

/** `observers` are those of the server's requests. */
export function startApi(access: AdminAccess, observers: RequestObservers): StartedApi {
  const feed = createEventFeed();
  let server: AdministeredServer | undefined;
  let opened: { readonly service: StoreService; readonly thread?: StoreThread } | undefined;
  let closing = false;
  let sampling: NodeJS.Timeout | undefined;
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

  const sessions = createSessionFeed(feed, () => {
    const bucket = closing ? undefined : server?.store()?.sessions?.bucket;
    if (bucket === undefined) return undefined;
    return { service: service(), bucket, isSearched: opened?.thread !== undefined };
  });

  function publishSample(): void {
    if (server !== undefined) feed.publish('sample', sample(server));
  }

  // Nothing is collected unless somebody reads.
  feed.onReaders((isRead) => {
    if (!isRead) {
      clearInterval(sampling);
      stopObserving?.();
      sessions.stop();
      return;
    }
    publishSample();
    sampling = setInterval(publishSample, SAMPLE_INTERVAL).unref();
    stopObserving = observers.add({ answered: (record) => feed.publish('request', requestEvent(record)) });
    sessions.start();
  });

  const context = (): ApiContext | undefined =>
    server && { server, service, feed, touched: sessions.touched };
  return {
    api: createApi(access, context),
    administration: {
      attach(attached) {
        server = attached;
      },
      sessionUsed: sessions.touched,
      async detach() {
        closing = true;
        await opened?.thread?.close();
      },
    },
  };
}
