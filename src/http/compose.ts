import type { Handler } from './handler.ts';

/** A handler in front of another one. */
export type Middleware<H = Handler> = (next: H) => H;

/** One middleware that stands for all of them: requests pass the first one first, responses pass it last. */
export function compose<H = Handler>(...middlewares: readonly Middleware<H>[]): Middleware<H> {
  return (handler) => middlewares.reduceRight((next, middleware) => middleware(next), handler);
}
