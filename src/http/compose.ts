import type { Handler } from './handler.ts';

/** Adds behavior in front of the next handler. */
export type Middleware<H = Handler> = (next: H) => H;

/** Combines middlewares in the given order: a request passes the first one first, its response passes that one last. */
export function compose<H = Handler>(...middlewares: readonly Middleware<H>[]): Middleware<H> {
  return (handler) => middlewares.reduceRight((next, middleware) => middleware(next), handler);
}
