import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import { type Asking, ask, edgeOf, type PlayedGuest, playGuest, type Seen } from './guest.ts';

export interface Setting {
  readonly guest: PlayedGuest;
  /** Sends a request in a session. */
  call(id: number, session?: string, method?: string): Asking;
  send(text: string, session?: string): Asking;
  /** Sends a request that arrived at another time. */
  sendAt(text: string, receivedAt: number): Asking;
  /** Ids of the requests that have reached the guest. */
  begun(): number[];
  /** Ends a response, and by default the guest's work on it. */
  answer(id: number, finished?: boolean): void;
  finish(id: number): void;
}

export function start(limit = 100, serial = true, timeout = 30_000): Setting {
  const guest = playGuest(() => {});
  const queue = serial ? createSessionQueue(limit) : undefined;
  const edge = edgeOf(guest.handle, { mode: 'strict', queue, timeout });
  const find = (id: number): Seen => guest.seen.find(({ message }) => message.id === id)!;
  const send = (text: string, session = 's'): Asking => ask(edge, text, { 'mcp-session-id': session });
  return {
    guest,
    send,
    sendAt: (text, receivedAt) => ask(edge, text, { 'mcp-session-id': 's' }, 'POST', receivedAt),
    call: (id, session, method = 'tools/call') => send(`{"method":"${method}","id":${id}}`, session),
    begun: () => guest.seen.map(({ message }) => message.id),
    answer(id, finished = true) {
      const { target } = find(id);
      target.head(200, []);
      target.end([]);
      if (finished) target.finished?.();
    },
    finish: (id) => find(id).target.finished?.(),
  };
}

/** Waits for what is scheduled in this turn of the event loop. */
export const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
