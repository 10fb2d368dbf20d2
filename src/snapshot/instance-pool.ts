import type { GlueState } from '../component/glue-state.ts';
import type { DiscardReason, RestorableInstance } from './restorable-instance.ts';
import {
  createRestoration,
  type Isolation,
  type NewInstance,
  type RestorationOptions,
} from './restoration.ts';
import { createSpares, type SpareOptions } from './spares.ts';

export interface InstancePoolOptions<T> extends RestorationOptions {
  create(): NewInstance<T>;
  /** Maximum number of idle instances; one more is discarded. */
  readonly idleLimit: number;
  /** Number of first requests that use the idle instances in turn; 0 by default. */
  readonly inTurn?: number;
  /** None are made unless given. */
  readonly spares?: SpareOptions;
  /** The instance will not be used again. */
  discarded?(instance: T): void;
  /** For tests: after each restore, compare everything byte for byte. */
  readonly verify?: boolean;
  /**
   * Gets the check of whether instances can be restored, to be called when there is time for it, `soon` if an instance was used
   * already. Until then, no instance is used a second time. Without it, the check comes at the start.
   */
  deferCheck?(check: () => void, soon: boolean): void;
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
  /** Discards all idle instances, because memory is short; no more spare ones are made. */
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

function restore(restorable: RestorableInstance, verify: boolean): Discard | undefined {
  const discard = restorable.restore();
  if (discard === undefined && verify) restorable.assertRestored();
  return discard;
}

function remove<T>(taken: Entry<T>[], instance: T): Entry<T> {
  const at = taken.findIndex((entry) => entry.instance === instance);
  const [entry] = at < 0 ? [] : taken.splice(at, 1);
  if (entry !== undefined) return entry;
  throw new TypeError('the instance was not taken from this pool, or was already given back');
}

/** What must have been done once before an instance is used a second time. */
interface Check {
  begin(action: () => void): void;
  /** Throws what the action throws; then it is not done. */
  run(): void;
  runSoon(): void;
}

function createCheck(defer: InstancePoolOptions<unknown>['deferCheck']): Check {
  let left: (() => void) | undefined;

  function run(): void {
    left?.();
    left = undefined;
  }

  function attempt(): void {
    try {
      run();
    } catch {
      // The request that needs another instance reports it.
    }
  }

  return {
    run,
    begin(action) {
      left = action;
      if (defer === undefined) run();
      else defer(attempt, false);
    },
    runSoon() {
      if (left !== undefined) defer?.(attempt, true);
    },
  };
}

/**
 * With `request`, creates two instances at the start and compares them, so that a component that cannot be restored is detected
 * before an instance is restored; they serve the first requests. Every later instance is compared as well.
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
  const check = createCheck(options.deferCheck);
  const spares = createSpares(options.spares, waiting, () => keep(make()));

  function make(made: NewInstance<T> = create()): Entry<T> {
    created += 1;
    return { instance: made.instance, glue: made.glue, restorable: restoration.prepare(made), served: 0 };
  }

  function keep(entry: Entry<T>): void {
    if (restoration.isolation === 'request' && waiting.length < idleLimit) waiting.push(entry);
  }

  /** Why the instance must be discarded; undefined if it can serve another request. */
  function finish(entry: Entry<T>, poisoned: boolean): Discard | undefined {
    if (poisoned) return 'poisoned';
    if (entry.glue?.dead) return 'trapped';
    const discard = entry.restorable && restore(entry.restorable, verify);
    if (discard !== undefined) return discard;
    const { isolation } = restoration;
    if (typeof isolation === 'object' && entry.served >= isolation.reuse) return 'worn';
    return waiting.length >= idleLimit ? 'surplus' : undefined;
  }

  /** Usually the one that was used last: its memory is still in the processor's caches. */
  const idle = (): Entry<T> | undefined => (inTurn-- > 0 ? waiting.shift() : waiting.pop());

  function next(): Entry<T> {
    if (waiting.at(inTurn > 0 ? 0 : -1)?.served !== 0) check.run();
    for (let entry = idle(); entry !== undefined; entry = idle()) {
      // Restored again: code that ran since then may have kept a reference into it.
      const discard = entry.restorable && restore(entry.restorable, verify);
      if (discard === undefined) return entry;
      discards[discard] += 1;
    }
    return make();
  }

  if (restoration.isolation === 'request') {
    const first = create();
    keep(make(first));
    check.begin(() => restoration.checkInit(first) && keep(make()));
  }

  return {
    take() {
      const entry = next();
      entry.served += 1;
      taken.push(entry);
      spares.refill();
      return entry.instance;
    },
    give(instance, { poisoned }) {
      const entry = remove(taken, instance);
      const discard = restoration.isolation === 'fresh' ? 'fresh' : finish(entry, poisoned);
      check.runSoon();
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
      spares.stop();
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
