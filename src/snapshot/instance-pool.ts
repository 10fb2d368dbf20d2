import type { GlueState } from '../component/glue-state.ts';
import { findState } from './exposed-state.ts';
import { captureImage, firstDifference, type SnapshotImage, sizeDifference } from './image.ts';
import { type DiscardReason, makeRestorable, type RestorableInstance } from './restorable-instance.ts';

/**
 * Which state of earlier requests a request sees.
 *
 * - `request`: none, the instance is restored between requests
 * - `fresh`: none, each request gets a new instance
 * - `reuse`: all of it, for this many requests; then a new instance is used
 */
export type Isolation = 'request' | 'fresh' | { readonly reuse: number };

/** An instance that was just created, before any of its functions was called. */
export interface NewInstance<T> {
  readonly instance: T;
  /** Its core instances, in the order of their creation, from modules that went through `exposeState`. */
  readonly cores: readonly WebAssembly.Instance[];
  /** Maximum size in bytes of each of their memories, in the order of `findState`. */
  readonly memoryLimits: readonly number[];
  /** Maximum size in bytes of all its memories together. */
  readonly memoryLimit?: number | undefined;
  /** The state of its glue; undefined if there is none. */
  readonly glue: GlueState | undefined;
  /** Its instantiation called the host for values that differ each time, such as the time or random numbers. */
  readonly nondeterministicInit: boolean;
}

export interface InstancePoolOptions<T> {
  create(): NewInstance<T>;
  readonly isolation: Isolation;
  /** Why instances of this component cannot be restored, human-readable; undefined when nothing is known against it. */
  readonly unrestorable?: string | undefined;
  /** Maximum number of idle instances; one more is discarded. */
  readonly idleLimit: number;
  /** Number of first requests that use the idle instances in turn; 0 by default. */
  readonly inTurn?: number;
  /** Bytes by which the memories of one instance may grow before it is discarded, see `GrowthBounds`. */
  readonly maxGrowth?: number | undefined;
  /** The instance will not be used again. */
  discarded?(instance: T): void;
  /** For tests: after each restore, compare everything byte for byte. */
  readonly verify?: boolean;
  /** Called once, if `request` was asked for and each request gets a new instance instead; `reason` is human-readable. */
  degraded(reason: string): void;
}

/**
 * - `poisoned`: the caller reported that its state cannot be trusted
 * - `worn`: it has served as many requests as `reuse` allows
 * - `surplus`: enough others are idle
 */
export type Discard = DiscardReason | 'poisoned' | 'worn' | 'surplus';

/** The instances of one component in one thread. */
export interface InstancePool<T> {
  /** Returns an instance for one request. Throws what `create` throws. */
  take(): T;
  /**
   * The request is over and its promise is settled. `poisoned` after a trap, a failed stream or an aborted request. Returns
   * true if the instance keeps its state: it was neither restored nor discarded.
   */
  give(instance: T, end: { readonly poisoned: boolean }): boolean;
  /** Discards all idle instances. */
  relinquish(): void;
  /** The isolation in effect; `fresh` once `degraded` was called. */
  readonly isolation: Isolation;
  /** Number of idle instances. */
  readonly idle: number;
  /** Number of instances that were created, and that were restored for another request. */
  readonly created: number;
  readonly restored: number;
  /** Number of discarded instances by reason; those of `fresh` are not counted. */
  readonly discards: Readonly<Record<Discard, number>>;
}

interface Entry<T> {
  readonly instance: T;
  readonly glue: GlueState | undefined;
  /** Undefined unless instances are restored. */
  readonly restorable: RestorableInstance | undefined;
  served: number;
}

function noDiscards(): Record<Discard, number> {
  return { trapped: 0, unsettled: 0, grown: 0, poisoned: 0, worn: 0, surplus: 0 };
}

/** How a pool isolates requests, which it learns from the instances that it makes. */
interface Restoration<T> {
  /** `fresh` once an instance could not be restored. */
  readonly isolation: Isolation;
  /** Undefined unless instances are restored. */
  prepare(made: NewInstance<T>): RestorableInstance | undefined;
}

function createRestoration<T>(options: InstancePoolOptions<T>, dropIdle: () => void): Restoration<T> {
  let isolation = options.isolation;
  let image: SnapshotImage | undefined;

  function degrade(reason: string): undefined {
    isolation = 'fresh';
    image = undefined;
    dropIdle();
    options.degraded(reason);
  }

  if (isolation === 'request' && options.unrestorable !== undefined) degrade(options.unrestorable);
  return {
    get isolation() {
      return isolation;
    },
    prepare({ cores, memoryLimits: limits, memoryLimit: limit, glue, nondeterministicInit }) {
      if (isolation !== 'request') return undefined;
      if (nondeterministicInit)
        return degrade('it calls the host during instantiation, and each instance may get another result');
      const state = findState(cores);
      image ??= captureImage(state);
      const difference = sizeDifference(image, state) ?? firstDifference(image, state);
      if (difference !== undefined) return degrade(`instances differ after instantiation (${difference})`);
      return makeRestorable(image, state, glue, { limits, limit, maxGrowth: options.maxGrowth });
    },
  };
}

/**
 * With `request`, creates and compares two instances immediately, so that a component that cannot be restored is detected
 * at the start; they serve the first requests. Every later instance is compared as well.
 */
export function createInstancePool<T>(options: InstancePoolOptions<T>): InstancePool<T> {
  const { create, idleLimit, verify = false } = options;
  const waiting: Entry<T>[] = [];
  /** An array: the old tables of a `Map` would keep discarded instances alive. */
  const taken: Entry<T>[] = [];
  const discards = noDiscards();
  let created = 0;
  let restored = 0;
  let { inTurn = 0 } = options;
  const restoration = createRestoration(options, () => {
    waiting.length = 0;
  });

  function make(): Entry<T> {
    const made = create();
    created += 1;
    return { instance: made.instance, glue: made.glue, restorable: restoration.prepare(made), served: 0 };
  }

  function restore(restorable: RestorableInstance): Discard | undefined {
    const discard = restorable.restore();
    if (discard === undefined && verify) restorable.assertRestored();
    return discard;
  }

  /** Why the instance must be discarded; undefined if it can serve another request. */
  function finish(entry: Entry<T>, poisoned: boolean): Discard | undefined {
    if (poisoned) return 'poisoned';
    if (entry.glue?.dead) return 'trapped';
    const discard = entry.restorable && restore(entry.restorable);
    if (discard !== undefined) return discard;
    const { isolation } = restoration;
    if (typeof isolation === 'object' && entry.served >= isolation.reuse) return 'worn';
    return waiting.length >= idleLimit ? 'surplus' : undefined;
  }

  /** Usually the one that was used last: its memory is still in the processor's caches. */
  const idle = (): Entry<T> | undefined => (inTurn-- > 0 ? waiting.shift() : waiting.pop());

  function next(): Entry<T> {
    for (let entry = idle(); entry !== undefined; entry = idle()) {
      // Restored again: code that ran since then may have kept a reference into it.
      const discard = entry.restorable && restore(entry.restorable);
      if (discard === undefined) return entry;
      discards[discard] += 1;
    }
    return make();
  }

  for (let n = 0; n < 2 && restoration.isolation === 'request'; n += 1) {
    const entry = make();
    if (restoration.isolation === 'request' && waiting.length < idleLimit) waiting.push(entry);
  }

  return {
    take() {
      const entry = next();
      entry.served += 1;
      taken.push(entry);
      return entry.instance;
    },
    give(instance, { poisoned }) {
      const at = taken.findIndex((entry) => entry.instance === instance);
      const entry = taken[at];
      if (entry === undefined)
        throw new TypeError('the instance was not taken from this pool, or was already given back');
      taken.splice(at, 1);
      const discard = restoration.isolation === 'fresh' ? 'fresh' : finish(entry, poisoned);
      if (discard === undefined) {
        waiting.push(entry);
        if (entry.restorable !== undefined) restored += 1;
        return entry.restorable === undefined;
      }
      if (discard !== 'fresh') discards[discard] += 1;
      options.discarded?.(instance);
      return false;
    },
    relinquish() {
      discards.surplus += waiting.length;
      waiting.length = 0;
    },
    get isolation() {
      return restoration.isolation;
    },
    get idle() {
      return waiting.length;
    },
    get created() {
      return created;
    },
    get restored() {
      return restored;
    },
    discards,
  };
}
