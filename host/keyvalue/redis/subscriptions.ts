import type { Subscriber } from './link.ts';

export interface Subscription {
  readonly heard: (message: string) => void;
  /** Called when messages arrive from now on, also after a lost connection was replaced. */
  readonly began: () => Promise<void>;
}

/** Channels of the engine, over one connection, which is opened for the first channel and replaced whenever it is lost. */
export interface Subscriptions {
  /** Returns a function that ends the subscription. Does not keep the process alive. */
  subscribe(channel: string, subscription: Subscription): () => void;
  close(): void;
}

/** Milliseconds before another attempt to connect. */
const PAUSE = 500;

/** @param connect `ended` is called once, when the connection is lost */
export function createSubscriptions(connect: (ended: () => void) => Promise<Subscriber>): Subscriptions {
  const all = new Map<string, Set<Subscription>>();
  let connection: Promise<Subscriber> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function again(): void {
    connection = undefined;
    if (isClosed || all.size === 0 || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      for (const channel of all.keys()) void begin(channel);
    }, PAUSE).unref();
  }

  async function begin(channel: string): Promise<void> {
    connection ??= connect(again);
    const own = connection;
    try {
      await (await own).subscribe(channel, (message) => {
        for (const { heard } of all.get(channel) ?? []) heard(message);
      });
      for (const { began } of all.get(channel) ?? []) await began();
    } catch {
      // Events may be lost; calls report the failure.
      if (connection === own) again();
    }
  }

  return {
    subscribe(channel, subscription) {
      const group = all.get(channel) ?? new Set();
      group.add(subscription);
      all.set(channel, group);
      void begin(channel);
      return () => {
        group.delete(subscription);
        if (group.size > 0) return;
        all.delete(channel);
        void connection?.then((one) => one.unsubscribe(channel)).catch(() => {});
      };
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      void connection?.then((one) => one.close()).catch(() => {});
    },
  };
}
