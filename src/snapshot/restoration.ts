import type { GlueState } from '../component/glue-state.ts';
import { findState } from './exposed-state.ts';
import { captureImage, firstDifference, type SnapshotImage, sizeDifference } from './image.ts';
import { makeRestorable, type RestorableInstance } from './restorable-instance.ts';

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
  /** Whether its instantiation called the host for values that differ each time, such as the time or random numbers. */
  hasNondeterministicInit(): boolean;
}

export interface RestorationOptions {
  readonly isolation: Isolation;
  /** Why instances of this component cannot be restored, human-readable; undefined when nothing is known against it. */
  readonly unrestorable?: string | undefined;
  /** Bytes by which the memories of one instance may grow before it is discarded, see `GrowthBounds`. */
  readonly maxGrowth?: number | undefined;
  /** Called once, if `request` was asked for and each request gets a new instance instead; `reason` is human-readable. */
  degraded(reason: string): void;
}

/** How a pool isolates requests, which it learns from the instances that it makes. */
export interface Restoration<T> {
  /** `fresh` once an instance could not be restored. */
  readonly isolation: Isolation;
  /** Undefined unless instances are restored. */
  prepare(made: NewInstance<T>): RestorableInstance | undefined;
  /** Returns true if instances are restored, and others do the same as this one when they are instantiated. */
  checkInit(made: NewInstance<T>): boolean;
}

export function createRestoration<T>(options: RestorationOptions, dropIdle: () => void): Restoration<T> {
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
    checkInit(made) {
      if (isolation !== 'request') return false;
      if (made.hasNondeterministicInit())
        degrade('it calls the host during instantiation, and each instance may get another result');
      return isolation === 'request';
    },
    prepare({ cores, memoryLimits: limits, memoryLimit: limit, glue }) {
      if (isolation !== 'request') return undefined;
      const state = findState(cores);
      const difference = image && (sizeDifference(image, state) ?? firstDifference(image, state));
      if (difference !== undefined) return degrade(`instances differ after instantiation (${difference})`);
      image ??= captureImage(state);
      return makeRestorable(image, state, glue, { limits, limit, maxGrowth: options.maxGrowth });
    },
  };
}
