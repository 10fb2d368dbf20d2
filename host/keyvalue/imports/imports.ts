import { Guest } from '../../guest.ts';
import type { GetManyShape, Implementation } from '../../options.ts';
import { keyvalueInterfaces } from '../interfaces.ts';
import { checked, type StoreLimits } from '../limits.ts';
import type { Store } from '../store.ts';

export type { GetManyShape, Implementation } from '../../options.ts';
export type { Awaitable } from '../awaitable.ts';
export type { Fence, Holder, LeaseEvent, LeaseName, Leases } from '../leases.ts';
export type { StoreLimits } from '../limits.ts';
export { openStore } from '../open.ts';
export type { CounterBounds, KeyPage, Store, Versioned } from '../store.ts';

/** A version of `wasi:keyvalue`. The two have functions and types of the same names that differ. */
export type KeyvalueDraft = '0.2.0-draft' | '0.2.0-draft2';

export interface KeyvalueOptions {
  /** Stores the keys and values. The caller closes it, after the last call of a guest. */
  readonly store: Store;
  /** What a guest may store, and in which buckets. */
  readonly limits?: StoreLimits;
  /** The draft behind the names without a version, which is how jco writes them by default; `0.2.0-draft` by default. */
  readonly draft?: KeyvalueDraft;
  /** What `get-many` of `0.2.0-draft2` returns, as two WIT texts have that version. `options` by default. */
  readonly getMany?: GetManyShape;
}

const INTERFACES = ['store', 'batch', 'atomics'] as const;

/**
 * `wasi:keyvalue` as an import object for the output of `jco transpile --instantiation`: each interface by its versioned name,
 * in both drafts (`wasi:keyvalue/store@0.2.0-draft`), and by its name without a version. Spread it beside the imports of
 * preview2-shim's `WASIShim`.
 *
 * Calls are synchronous if the store is, as `sqlite:` and `memory:` are. With a store that returns promises the component
 * must be transpiled with `--async-mode jspi`.
 */
export function keyvalue(options: KeyvalueOptions): Record<string, Implementation> {
  const store = checked(options.store, options.limits);
  const guest = new Guest();
  const shape = { getMany: options.getMany ?? 'options' };
  const versioned = Object.fromEntries(
    Object.entries(keyvalueInterfaces(store)).map(([name, make]) => [name, make(guest, undefined, shape)]),
  );
  const draft = options.draft ?? '0.2.0-draft';
  const unversioned = INTERFACES.map((name) => {
    const full = `wasi:keyvalue/${name}`;
    return [full, versioned[`${full}@${draft}`]!] as const;
  });
  return { ...versioned, ...Object.fromEntries(unversioned) };
}
