import type { Handler } from './handler.ts';

/** A handler in front of another one. */
export type Middleware = (next: Handler) => Handler;

/** One middleware that stands for all of them: requests pass the first one first, responses pass it last. */
export function compose(...middlewares: readonly Middleware[]): Middleware {
  return (handler) => middlewares.reduceRight((next, middleware) => middleware(next), handler);
}
