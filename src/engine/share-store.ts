import { MessageChannel } from 'node:worker_threads';
import { openStore, type Store, serveStore } from '../../host/index.ts';
import type { StoreSetup } from './setup.ts';

/** One store for many workers. */
export interface SharedStore {
  readonly url: string;
  /** For one more worker; a port has to be transferred. */
  setup(): StoreSetup;
  /** Closes what was opened here: a `Store` object stays its owner's. */
  close(): Promise<void>;
}

/**
 * SQLite is opened again by each worker, so that it answers at once there; every other store lives on this thread and
 * is reached by message. Opening it here first tells a broken store before any worker starts.
 */
export async function shareStore(store: string | Store): Promise<SharedStore> {
  const opened = typeof store === 'string' ? await openStore(store) : store;
  const ownConnections = typeof store === 'string' && store.startsWith('sqlite:');
  return {
    url: opened.url,
    setup() {
      if (ownConnections) return { url: store };
      const { port1, port2 } = new MessageChannel();
      serveStore(opened, port1);
      return { url: opened.url, port: port2 };
    },
    async close() {
      if (opened !== store) await opened.close();
    },
  };
}
