import type { RequestMessage } from '../protocol/messages.ts';
import type { MessageAboutRequest } from './runner.ts';

type Paced = RequestMessage | MessageAboutRequest;

/** Passes on messages about requests in order, and yields to the event loop regularly. */
export interface BatchLimiter {
  take(message: Paced): void;
}

/** Requests are begun one after another for at most `turn` milliseconds. */
export function createBatchLimiter(pass: (message: Paced) => void, turn: number): BatchLimiter {
  let waiting: Paced[] = [];
  /** When the first request of this turn of the event loop was begun. */
  let began: number | undefined;

  function mayBegin(): boolean {
    if (began !== undefined) return performance.now() - began < turn;
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
