import type { RequestMessage } from '../protocol.ts';
import type { MessageAboutRequest } from './runner.ts';

/**
 * Milliseconds that requests may be begun one after another: a port hands out a thousand messages before anything else of its
 * thread runs, such as timers and guests that were suspended.
 */
const TURN = 10;

type Paced = RequestMessage | MessageAboutRequest;

/** Passes messages about requests on in their order, and lets the event loop turn from time to time. */
export interface Pace {
  take(message: Paced): void;
  /** Passes on at once what waits for the loop to turn. */
  flush(): void;
}

export function createPace(pass: (message: Paced) => void): Pace {
  let waiting: Paced[] = [];
  /** When the first request of this turn was begun. */
  let began: number | undefined;

  function mayBegin(): boolean {
    if (began !== undefined) return performance.now() - began < TURN;
    began = performance.now();
    setImmediate(turned);
    return true;
  }

  function take(message: Paced): void {
    // What belongs to a request comes after it.
    if (waiting.length > 0 || (message.type === 'request' && !mayBegin())) waiting.push(message);
    else pass(message);
  }

  function turned(): void {
    began = undefined;
    const messages = waiting;
    waiting = [];
    for (const message of messages) take(message);
  }

  return {
    take,
    flush() {
      const messages = waiting;
      waiting = [];
      for (const message of messages) pass(message);
    },
  };
}
