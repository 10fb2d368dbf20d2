import { MessageChannel, type MessagePort } from 'node:worker_threads';
import {
  type Durability,
  type OutputGate,
  openGate,
  openStore,
  type Store,
  serveGate,
  serveStore,
  startStoreUpkeep,
  type WasmcpError,
} from '../../host/index.ts';
import type { StoreSetup } from './setup.ts';

/** One store for many workers. */
export interface SharedStore {
  readonly url: string;
  /** Through which answers have to leave; none where writes that answered last already, or never. */
  readonly gate: OutputGate | undefined;
  /** For one more worker; its ports have to be transferred. */
  setup(): StoreSetup;
  /** Closes what was opened here, the gate when all that it holds has left: a `Store` object stays its owner's. */
  close(): Promise<void>;
}

export interface ShareOptions {
  readonly durability: Durability;
  /** The store can promise nothing any more. */
  readonly broken: (failure: WasmcpError) => void;
}

/**
 * SQLite is opened again by each worker, so that it answers at once there; every other store lives on this thread and
 * is reached by message. Opening it here first tells a broken store before any worker starts.
 */
export async function shareStore(
  store: string | Store,
  { durability, broken }: ShareOptions,
): Promise<SharedStore> {
  if (typeof store !== 'string') return throughPorts(store, () => {});
  const opened = await openStore(store, { durability, broken });
  if (!opened.url.startsWith('sqlite:')) return throughPorts(opened, () => opened.close());
  try {
    const gate = durability === 'power' ? openGate(store, { broken }) : undefined;
    const upkeep = startStoreUpkeep(store, { broken });
    return {
      url: opened.url,
      gate,
      setup: () => ({ url: store, durability, gate: share(gate) }),
      async close() {
        await gate?.close();
        await upkeep?.close();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function share(gate: OutputGate | undefined): MessagePort | undefined {
  if (gate === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  serveGate(gate, port1);
  return port2;
}

function throughPorts(store: Store, close: () => void | PromiseLike<void>): SharedStore {
  return {
    url: store.url,
    gate: undefined,
    setup() {
      const { port1, port2 } = new MessageChannel();
      serveStore(store, port1);
      return { url: store.url, port: port2 };
    },
    async close() {
      await close();
    },
  };
}
