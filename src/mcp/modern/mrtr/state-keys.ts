import { randomBytes } from 'node:crypto';
import { RESERVED_PREFIX, type Store } from '../../../../host/index.ts';

/** No guest can open it. */
export const BUCKET: string = `${RESERVED_PREFIX}request-state`;

/** Milliseconds for which a key is used. */
export const ROTATION: number = 24 * 3_600_000;

/** Keys that are kept, apart from the current one, if states do not live longer. */
const FORMER = 7;

const SIZE = 32;

/** Keys of `requestState`, the same on all hosts of a store. Each is used for a day, and can be used for a week afterwards. */
export interface StateKeys {
  current(): Promise<StateKey>;
  /** Undefined if the key is too old, or never existed. */
  find(epoch: number): Promise<Uint8Array | undefined>;
}

export interface StateKey {
  /** The day that it is for. */
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** `life` is how long a state can be used, in milliseconds. */
export function createStateKeys(store: Store, life: number, now: () => number): StateKeys {
  const known = new Map<number, Uint8Array>();
  const former = Math.max(FORMER, Math.ceil(life / ROTATION) + 1);
  const today = (): number => Math.floor(now() / ROTATION);

  async function create(epoch: number): Promise<Uint8Array> {
    const { value, version } = await store.read(BUCKET, nameOf(epoch));
    if (value !== undefined) return value;
    const key = new Uint8Array(randomBytes(SIZE));
    if (await store.swap(BUCKET, nameOf(epoch), version, key.slice())) {
      await forget(epoch - former);
      return key;
    }
    // Another host was first.
    return create(epoch);
  }

  /** Deletes the keys of the days before `epoch`. */
  async function forget(epoch: number): Promise<void> {
    const names = await store.range(BUCKET, PREFIX, former * 2);
    const old = names.filter((name) => name.startsWith(PREFIX) && name < nameOf(epoch));
    if (old.length > 0) await store.deleteMany(BUCKET, old);
    for (const one of known.keys()) if (one < epoch) known.delete(one);
  }

  return {
    async current() {
      const epoch = today();
      const key = known.get(epoch) ?? (await create(epoch));
      known.set(epoch, key);
      return { epoch, key };
    },
    async find(epoch) {
      // The clock of another host may be ahead.
      if (epoch > today() + 1 || epoch < today() - former) return undefined;
      const key = known.get(epoch) ?? (await store.get(BUCKET, nameOf(epoch)));
      if (key !== undefined) known.set(epoch, key);
      return key;
    },
  };
}

const PREFIX = 'key/';

function nameOf(epoch: number): string {
  return PREFIX + String(epoch).padStart(8, '0');
}
