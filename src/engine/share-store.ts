import { MessageChannel, type MessagePort } from 'node:worker_threads';
import {
  type Change,
  type Durability,
  type DurabilityGate,
  openGate,
  openStore,
  type Store,
  seed,
  serveGate,
  serveStore,
  startStoreHousekeeping,
  type WasmcpError,
  withChangeNotifier,
} from '../../host/index.ts';
import type { StoreSetup } from './setup.ts';

/** One store for many workers. */
export interface SharedStore {
  readonly url: string;
  /** The store itself where it lives on this thread. */
  readonly local: Store | undefined;
  /** Through which answers have to leave; none where writes that answered last already, or never. */
  readonly gate: DurabilityGate | undefined;
  /** For one more worker; its ports have to be transferred. */
  setup(): StoreSetup;
  /** The same for a worker of whose changes `changed` is not told. */
  setupUntold(): StoreSetup;
  /** Closes what was opened here, the gate when all that it holds has left: a `Store` object stays its owner's. */
  close(): Promise<void>;
}

export interface ShareOptions {
  readonly durability: Durability;
  /** The store can promise nothing any more. */
  readonly broken: (failure: WasmcpError) => void;
  /** Its disk is full, or takes new entries again. */
  readonly full: (isFull: boolean) => void;
  /** Told of each commit, in order, when it is made. */
  readonly changed?: ((change: Change) => void) | undefined;
  /** Keys of the default bucket, see `seed`. */
  readonly presets: readonly (readonly [string, string])[];
}

/**
 * SQLite is opened again by each worker, so that it answers at once there; every other store, and one whose changes are
 * told, lives on this thread and is reached by message: only one connection knows the order of commits. Opening it here
 * first tells a broken store before any worker starts.
 */
export async function shareStore(
  store: string | Store,
  { durability, broken, full, changed, presets }: ShareOptions,
): Promise<SharedStore> {
  if (typeof store !== 'string') {
    await seed(store, presets);
    return { ...throughPorts(store, undefined, changed), async close() {} };
  }
  let isWhole = true;
  const opened = await openStore(store, { durability, broken, full, isWhole: () => isWhole });
  try {
    await seed(opened, presets);
  } catch (error) {
    await opened.close();
    throw error;
  }
  if (!opened.url.startsWith('sqlite:')) {
    return { ...throughPorts(opened, undefined, changed), close: async () => opened.close() };
  }
  try {
    const gate = durability === 'power' ? openGate(store, { broken }) : undefined;
    const housekeeping = startStoreHousekeeping(store, { broken });
    const setup = (): StoreSetup => ({ url: store, durability, gate: share(gate) });
    const shared = { url: opened.url, local: undefined, gate, setup, setupUntold: setup };
    return {
      ...(changed === undefined ? shared : { ...throughPorts(opened, gate, changed), local: undefined }),
      async close() {
        // The last one to close moves the log into the database: not into one that was damaged.
        isWhole = housekeeping?.isWhole() ?? true;
        if (!isWhole) await opened.close();
        await gate?.close();
        await housekeeping?.close();
        if (isWhole) await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function share(gate: DurabilityGate | undefined): MessagePort | undefined {
  if (gate === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  serveGate(gate, port1);
  return port2;
}

function throughPorts(
  store: Store,
  gate: DurabilityGate | undefined,
  changed: ((change: Change) => void) | undefined,
): Omit<SharedStore, 'close'> {
  const setup = (served: Store) => (): StoreSetup => {
    const { port1, port2 } = new MessageChannel();
    serveStore(served, port1);
    return { url: store.url, port: port2, gate: share(gate) };
  };
  const told = changed === undefined ? store : withChangeNotifier(store, changed);
  return { url: store.url, local: store, gate, setup: setup(told), setupUntold: setup(store) };
}
