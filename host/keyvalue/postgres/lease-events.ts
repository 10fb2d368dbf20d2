import type { SessionPool } from './session.ts';

/** Milliseconds until the next attempt to listen, after the connection was lost. */
const RECONNECT = 1000;

/** Milliseconds between two questions where the engine must not notify. */
const POLL = 50;

export interface Listening {
  readonly heard: (payload: string) => void;
  /** There is a connection: what was sent before was not heard. */
  readonly connected: () => Promise<void>;
}

export function listenTo(pool: SessionPool, channel: string, { heard, connected }: Listening): () => void {
  let stopped = false;
  let disconnect: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    try {
      const close = await pool.listen(channel, heard, reconnect);
      if (stopped) {
        close();
        return;
      }
      disconnect = close;
      await connected().catch(() => {});
    } catch {
      // Those who use the store find out what is wrong with it.
      reconnect();
    }
  }

  function reconnect(): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void connect(), RECONNECT).unref();
  }

  void connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    disconnect?.();
  };
}

/** Calls `ask` again and again, and waits for it. */
export function poll(ask: () => Promise<void>): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    await ask().catch(() => {});
    if (!stopped) timer = setTimeout(() => void run(), POLL).unref();
  }

  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
