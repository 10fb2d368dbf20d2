import type { GlueState } from '../../component/glue-state.ts';
import { findState } from '../../snapshot/exposed-state.ts';
import { captureImage, firstDifference, type SnapshotImage, sizeDifference } from '../../snapshot/image.ts';
import {
  type DiscardReason,
  makeRestorable,
  type RestorableInstance,
} from '../../snapshot/restorable-instance.ts';

/**
 * What a request finds of those that the same instance has served before.
 *
 * - `request`: nothing, the instance is restored between them
 * - `fresh`: nothing, each request gets a new instance
 * - `reuse`: everything, for so many requests; then comes a new instance
 */
export type Isolation = 'request' | 'fresh' | { readonly reuse: number };

/** An instance that has just been made, before any of its functions was called. */
export interface NewInstance<T> {
  readonly instance: T;
  /** Its core instances, in the order in which they were made, from modules that went through `exposeState`. */
  readonly cores: readonly WebAssembly.Instance[];
  /** Bytes that each of their memories may grow to, in the order in which `findState` finds them. */
  readonly memoryLimits: readonly number[];
  /** Bytes that all of them may take together. */
  readonly memoryLimit?: number | undefined;
  /** What its glue keeps; undefined when that is nothing. */
  readonly glue: GlueState | undefined;
  /** While it was made it called the host for what is not the same each time, such as the time or a random number. */
  readonly nondeterministicInit: boolean;
}

export interface InstancePoolOptions<T> {
  create(): NewInstance<T>;
  readonly isolation: Isolation;
  /** Why instances of this component cannot be restored, human-readable; undefined when nothing is known against it. */
  readonly unrestorable?: string | undefined;
  /** Most instances that wait for a request; one more is discarded. */
  readonly idleLimit: number;
  /** Bytes by which the memories of one instance may grow; it is discarded beyond them, see `GrowthBounds`. */
  readonly maxGrowth?: number | undefined;
  /** The instance is not used again. */
  discarded?(instance: T): void;
  /** For tests: after each restore, everything is compared byte for byte. */
  readonly verify?: boolean;
  /** Called once, if `request` was asked for and each request gets a new instance instead; `reason` is human-readable. */
  degraded(reason: string): void;
}

/**
 * - `poisoned`: whoever used it says that its state is not to be trusted
 * - `worn`: it has served as many requests as `reuse` allows
 * - `surplus`: enough others are waiting
 */
export type Discard = DiscardReason | 'poisoned' | 'worn' | 'surplus';

/** The instances of one component in one thread. */
export interface InstancePool<T> {
  /** An instance for one request. What `create` throws goes to the caller. */
  take(): T;
  /**
   * The request is over, its promise settled. `poisoned` after a trap, a failed stream or a request that was given up. Returns
   * true when the instance is kept with what it holds: not restored, and not discarded.
   */
  give(instance: T, end: { readonly poisoned: boolean }): boolean;
  /** Gives up those that wait for a request. */
  relinquish(): void;
  /** What is done; `fresh` once `degraded` was told. */
  readonly isolation: Isolation;
  /** Instances that wait for a request. */
  readonly idle: number;
  /** How many instances were discarded, by reason; those of `fresh` are not counted. */
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
        return degrade(
          'it calls the host while it is instantiated, and each instance may be told something else',
        );
      const state = findState(cores);
      image ??= captureImage(state);
      const difference = sizeDifference(image, state) ?? firstDifference(image, state);
      if (difference !== undefined) return degrade(`instances differ after instantiation (${difference})`);
      return makeRestorable(image, state, glue, { limits, limit, maxGrowth: options.maxGrowth });
    },
  };
}

/**
 * With `request`, two instances are made and compared at once, so that a component that cannot be restored is known
 * at the start; they wait for the first requests. Every later instance is compared as well.
 */
export function createInstancePool<T>(options: InstancePoolOptions<T>): InstancePool<T> {
  const { create, idleLimit, verify = false } = options;
  const waiting: Entry<T>[] = [];
  /** An array: the tables that a `Map` leaves behind would keep instances that were discarded. */
  const taken: Entry<T>[] = [];
  const discards = noDiscards();
  const restoration = createRestoration(options, () => {
    waiting.length = 0;
  });

  function make(): Entry<T> {
    const made = create();
    return { instance: made.instance, glue: made.glue, restorable: restoration.prepare(made), served: 0 };
  }

  function restore(restorable: RestorableInstance): Discard | undefined {
    const discard = restorable.restore();
    if (discard === undefined && verify) restorable.assertRestored();
    return discard;
  }

  /** Why the instance has served its last request; undefined when it can serve another. */
  function finish(entry: Entry<T>, poisoned: boolean): Discard | undefined {
    if (poisoned) return 'poisoned';
    if (entry.glue?.dead) return 'trapped';
    const discard = entry.restorable && restore(entry.restorable);
    if (discard !== undefined) return discard;
    const { isolation } = restoration;
    if (typeof isolation === 'object' && entry.served >= isolation.reuse) return 'worn';
    return waiting.length >= idleLimit ? 'surplus' : undefined;
  }

  /** The one that waited least, its memory is still in the processor's caches. */
  function next(): Entry<T> {
    for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
      // Again: the code that ran since then may have kept a way into it.
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
    discards,
  };
}
