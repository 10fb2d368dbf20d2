import type { Binding, Implementation } from '../../host/index.ts';

/** They return the same to every instance: a guest may call them during instantiation. */
const CONSTANT: ReadonlySet<string> = new Set([
  'wasi:cli/environment',
  'wasi:cli/stdin',
  'wasi:cli/stdout',
  'wasi:cli/stderr',
  'wasi:filesystem/preopens',
]);

/** Counts the calls of those host functions that return the same to every instance. */
export function countingConstantCalls(bind: Binding): {
  readonly bind: Binding;
  readonly count: () => number;
} {
  let count = 0;
  const called = (): void => {
    count += 1;
  };
  return {
    count: () => count,
    bind(name, shape) {
      const implementation = bind(name, shape);
      return implementation && CONSTANT.has(name.replace(/@.*$/, ''))
        ? counting(implementation, called)
        : implementation;
    },
  };
}

/** The same functions, each of which reports that it was called. */
function counting(implementation: Implementation, called: () => void): Implementation {
  return Object.fromEntries(
    Object.entries(implementation).map(([name, value]) => [
      name,
      (...args: unknown[]): unknown => {
        called();
        return (value as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  );
}
