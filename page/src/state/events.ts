import { ApiError, open } from '../api/client.ts';
import { parseEvents, type ServerEvent } from '../api/event-stream.ts';
import { createSource, type Observable } from './observable.ts';

export type Connection =
  | { readonly name: 'connecting' | 'live' | 'stopped' }
  /** `at`: when the next attempt is made. */
  | { readonly name: 'lost'; readonly at: number };

/** Milliseconds before the attempts to connect again; the last one repeats. */
const RETRIES = [1000, 2000, 4000, 8000, 15_000];

const state = createSource<Connection>({ name: 'stopped' });
const listeners = new Map<string, Set<(data: unknown) => void>>();

export const connection: Observable<Connection> = state;

let abort: AbortController | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;

/** Calls `listener` with the data of each event of this kind until the returned function is called. */
export function onEvent<T>(kind: string, listener: (data: T) => void): () => void {
  const known = listeners.get(kind) ?? new Set();
  listeners.set(kind, known);
  known.add(listener as (data: unknown) => void);
  return () => known.delete(listener as (data: unknown) => void);
}

/** Connects, or does so again at once. Not an `EventSource`, which can send no token. */
export function connect(): void {
  disconnect();
  const controller = new AbortController();
  abort = controller;
  state.set({ name: 'connecting' });
  follow(controller.signal).catch((error: unknown) => {
    if (!controller.signal.aborted) lose(error);
  });
}

export function disconnect(): void {
  abort?.abort();
  clearTimeout(timer);
  state.set({ name: 'stopped' });
}

async function follow(signal: AbortSignal): Promise<void> {
  const response = await open(['events'], { signal });
  failures = 0;
  state.set({ name: 'live' });
  for await (const event of parseEvents(response.body!)) dispatch(event);
  throw new ApiError(0, 'The connection ended.');
}

function dispatch({ kind, data }: ServerEvent): void {
  const known = listeners.get(kind);
  if (known === undefined || known.size === 0) return;
  const value: unknown = JSON.parse(data);
  for (const listener of [...known]) listener(value);
}

function lose(error: unknown): void {
  // The page asks for another token.
  if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
    state.set({ name: 'stopped' });
    return;
  }
  const wait = RETRIES[Math.min(failures, RETRIES.length - 1)]!;
  failures += 1;
  state.set({ name: 'lost', at: Date.now() + wait });
  timer = setTimeout(connect, wait);
}
