import type { CallStack } from './call-stack.ts';

type HostFunction = (...values: never[]) => unknown;

/** How host functions wait while their guest is suspended. */
export interface Suspension {
  /** Passes on what a host function that must not wait has returned; a promise traps. */
  ready<T>(answer: T): T;
  isPromise(answer: unknown): answer is PromiseLike<unknown>;
  /** Enters a host function: for the first time, or again when its promise has settled. */
  enter(component: number, flags: { readonly value: number }): void;
  /** True on the second time. */
  isSettled(): boolean;
  /** The value of the settled promise; throws the reason if it was rejected. */
  outcome(): unknown;
  /** Records the promise to wait for; the caller then returns 1. */
  defer(promise: PromiseLike<unknown>): void;
  /** The wasm functions that call the host functions of these names, and suspend when one returns 1. */
  link(module: WebAssembly.Module, functions: Readonly<Record<string, HostFunction>>): WebAssembly.Exports;
}

export function createSuspension(callStack: CallStack): Suspension {
  let deferred: PromiseLike<unknown> | undefined;
  let settled: { readonly value: unknown } | { readonly error: unknown } | undefined;

  function isPromise(answer: unknown): answer is PromiseLike<unknown> {
    return (
      typeof answer === 'object' &&
      answer !== null &&
      typeof (answer as { then?: unknown }).then === 'function'
    );
  }

  /** Keeps its failure from being reported as unhandled. */
  function ignore(promise: PromiseLike<unknown>): void {
    promise.then(undefined, () => {});
  }

  function resume(hostFunction: HostFunction): (...values: never[]) => Promise<void> {
    async function settle(values: never[]): Promise<void> {
      const promise = deferred!;
      deferred = undefined;
      try {
        settled = { value: await promise };
      } catch (error) {
        settled = { error };
      }
      hostFunction(...values);
    }

    return (...values) => {
      const done = settle(values);
      // Some versions of V8 call this although a start function, which cannot be suspended, is on the stack.
      ignore(done);
      return done;
    };
  }

  return {
    ready(answer) {
      if (!isPromise(answer)) return answer;
      ignore(answer);
      return callStack.trap('the host returned a promise to a call that cannot wait');
    },
    isPromise,
    enter(component, flags) {
      if (settled === undefined) callStack.enterHost(component, flags);
    },
    isSettled: () => settled !== undefined,
    outcome() {
      const outcome = settled!;
      settled = undefined;
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    },
    defer(promise) {
      ignore(promise);
      deferred = promise;
    },
    link(module, functions) {
      // TypeScript has no type for it yet.
      const { Suspending } = WebAssembly as unknown as {
        Suspending: new (hostFunction: HostFunction) => object;
      };
      const slow = Object.entries(functions).map(([name, hostFunction]) => [
        name,
        new Suspending(resume(hostFunction)),
      ]);
      return new WebAssembly.Instance(module, {
        fast: functions as WebAssembly.ModuleImports,
        slow: Object.fromEntries(slow) as WebAssembly.ModuleImports,
      }).exports;
    },
  };
}
