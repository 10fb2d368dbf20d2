import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { WasmcpError } from '../error.ts';
import { withChangeNotifier } from './change-notifier.ts';
import type { Follower } from './changes.ts';
import { requireComplete } from './copy/place.ts';
import type { StoreAccess } from './driver.ts';
import type { Durability } from './durability.ts';
import type { DurabilityGate } from './durability-gate.ts';
import { serveGate } from './durability-gate-rpc.ts';
import type { Leases } from './leases.ts';
import { isOpenedPerThread, openGate, openStore, startStoreHousekeeping } from './open.ts';
import { seed } from './seed.ts';
import type { Store, StoreGuarantee } from './store.ts';
import { connectStore, serveStore } from './store-rpc.ts';

/** How another thread accesses the store: with its own connection, or through messages to the thread that owns it. */
export type StoreSetup = {
  readonly url: string;
  /** Guests' outgoing requests wait for this gate, if there is one. */
  readonly gate: MessagePort | undefined;
} & ({ readonly durability: Durability } | { readonly port: MessagePort });

/** One store that many threads share. */
export interface SharedStore {
  readonly url: string;
  /** Undefined if its writes may not survive this process. */
  readonly guarantee: StoreGuarantee | undefined;
  /** The store itself if it lives on this thread. */
  readonly local: Store | undefined;
  /** The store as this thread uses it, with a connection of this thread. Watchers do not learn of its commits. */
  readonly own: Store;
  /** Undefined if no other program can open the store. */
  readonly leases: Leases | undefined;
  /** Delays responses until their writes are durable; undefined if writes are durable when they return, or never. */
  readonly gate: DurabilityGate | undefined;
  /** For one more thread; its ports must be transferred. */
  setup(): StoreSetup;
  /** The same for a thread whose changes are not reported to a follower. */
  setupUntold(): StoreSetup;
  /** Reports to the follower what is already committed. */
  flush(): Promise<void>;
  /** Closes what was opened here, the gate once it is empty; a `Store` object remains open for its owner. */
  close(): Promise<void>;
}

export interface ShareOptions {
  readonly durability: Durability;
  /** The store no longer gives any guarantee. */
  readonly broken: (failure: WasmcpError) => void;
  /** Its disk is full, or has room again. */
  readonly full: (isFull: boolean) => void;
  /** It can no longer be reached, or can be reached again. */
  readonly away?: (failure: WasmcpError | undefined) => void;
  readonly access?: StoreAccess;
  /** Is notified of what is written to the store; if that cannot report what others write, only of what these threads write. */
  readonly follower?: Follower | undefined;
  /** Keys of the default bucket, see `seed`. */
  readonly presets: readonly (readonly [string, string])[];
}

/**
 * If its driver opens stores per thread, each thread opens the store itself, so that calls need no messages. Every other store
 * lives on this thread and is accessed through messages. So does a store that is followed, so that its follower learns of commits at
 * once. The store is opened here first, so that a broken one is reported before any thread starts.
 */
export async function shareStore(store: string | Store, options: ShareOptions): Promise<SharedStore> {
  const { durability, broken, full, away, access, follower, presets } = options;
  if (typeof store !== 'string') {
    await seed(store, presets);
    return throughPorts(store, undefined, follower, async () => {});
  }
  let isWhole = true;
  const opened = await openStore(store, {
    ...access,
    ...{ durability, broken, full },
    ...(away && { away }),
    isWhole: () => isWhole,
  });
  try {
    await requireComplete(opened);
    await seed(opened, presets);
    if (!isOpenedPerThread(store)) {
      return await throughPorts(opened, undefined, follower, async () => opened.close());
    }
    const gate = durability === 'power' ? await openGate(store, { broken }) : undefined;
    const housekeeping = await startStoreHousekeeping(store, { broken });
    const close = async (): Promise<void> => {
      // The last connection to close writes the log into the database: never into a damaged one.
      isWhole = housekeeping?.isWhole() ?? true;
      if (!isWhole) await opened.close();
      await gate?.close();
      await housekeeping?.close();
      if (!isWhole) return;
      await opened.close();
      housekeeping?.keepReserve();
    };
    if (follower !== undefined) {
      return { ...(await throughPorts(opened, gate, follower, close)), local: undefined };
    }
    const setup = (): StoreSetup => ({ url: store, durability, gate: share(gate) });
    const { url, guarantee, leases } = opened;
    const shared = {
      url,
      guarantee,
      leases,
      local: undefined,
      own: unreported(opened),
      gate,
      setup,
      setupUntold: setup,
    };
    return { ...shared, flush: async () => {}, close };
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

async function throughPorts(
  store: Store,
  gate: DurabilityGate | undefined,
  follower: Follower | undefined,
  close: () => Promise<void>,
): Promise<SharedStore> {
  const setup = (served: Store) => (): StoreSetup => {
    const { port1, port2 } = new MessageChannel();
    serveStore(served, port1);
    return { url: store.url, port: port2, gate: share(gate) };
  };
  const { url, guarantee, leases, changes } = store;
  const following = follower && (await changes?.follow(follower));
  return {
    ...{ url, guarantee, leases, local: store, own: unreported(store), gate },
    setup: setup(follower === undefined || following !== undefined ? store : reporting(store, follower)),
    setupUntold: setup(unreported(store)),
    flush: async () => following?.flush(),
    async close() {
      await following?.close();
      await close();
    },
  };
}

/** The store for writes of which followers are not notified. */
function unreported(store: Store): Store {
  return store.changes?.unreported ?? store;
}

/** The store without a log of changes: what is committed through it is reported. */
function reporting(store: Store, follower: Follower): Store {
  return withChangeNotifier(store, (change) => void follower.changed(change));
}

/** Opens the store in another thread than that of `shareStore`. Both callbacks are for a connection of its own. */
export function openShared(
  setup: StoreSetup,
  events: Pick<ShareOptions, 'broken' | 'full'>,
): Promise<Store> | Store {
  if ('port' in setup) return connectStore(setup.port, setup.url);
  return openStore(setup.url, { durability: setup.durability, ...events });
}
