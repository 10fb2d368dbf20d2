import type { RequestMessage } from '../protocol/messages.ts';
import type { MessageAboutRequest } from './runner.ts';

/**
 * Milliseconds during which requests may be begun one after another. A port delivers up to a thousand messages before anything
 * else in its thread runs, such as timers and suspended guests.
 */
const TURN = 10;

type Paced = RequestMessage | MessageAboutRequest;

/** Passes on messages about requests in order, and yields to the event loop regularly. */
export interface BatchLimiter {
  take(message: Paced): void;
}

export function createBatchLimiter(pass: (message: Paced) => void): BatchLimiter {
  let waiting: Paced[] = [];
  /** When the first request of this turn of the event loop was begun. */
  let began: number | undefined;

  function mayBegin(): boolean {
    if (began !== undefined) return performance.now() - began < TURN;
    began = performance.now();
    setImmediate(turned);
    return true;
  }

  function take(message: Paced): void {
    // Messages about a request must follow it.
    if (waiting.length > 0 || (message.type === 'request' && !mayBegin())) waiting.push(message);
    else pass(message);
  }

  function turned(): void {
    began = undefined;
    const messages = waiting;
    waiting = [];
    for (const message of messages) take(message);
  }

  return { take };
}
