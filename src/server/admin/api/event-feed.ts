import type { ServerResponse } from 'node:http';

/** The kinds of events, by their names in the stream. */
export interface AdminEvents {
  /** A session was written; `session` is null when it is gone. */
  readonly session: { readonly id: string; readonly session: object | null };
  /** A request is over. */
  readonly request: object;
  /** Figures of the server, once a second. */
  readonly sample: object;
}

/** Sends events to any number of clients. */
export interface EventFeed {
  /** Whether anyone reads. */
  readonly isRead: boolean;
  publish<K extends keyof AdminEvents>(kind: K, data: AdminEvents[K]): void;
  /** Sends events from now on, until the client leaves. */
  open(response: ServerResponse): void;
  /** Calls `listener` when the first client comes and when the last one has left. */
  onReaders(listener: (isRead: boolean) => void): void;
}

/** Bytes that wait for a slow client. It gets no events meanwhile, and the number of those that it missed afterwards. */
const MAX_WAITING = 1024 * 1024;

interface Reader {
  readonly response: ServerResponse;
  missed: number;
}

export function createEventFeed(): EventFeed {
  const readers = new Set<Reader>();
  let changed: (isRead: boolean) => void = () => {};

  function send(reader: Reader, text: string): void {
    const { response } = reader;
    if (response.writableLength > MAX_WAITING) {
      reader.missed += 1;
      return;
    }
    if (reader.missed > 0) response.write(eventText('missed', { events: reader.missed }));
    reader.missed = 0;
    response.write(text);
  }

  return {
    get isRead() {
      return readers.size > 0;
    },
    publish(kind, data) {
      if (readers.size === 0) return;
      const text = eventText(kind, data);
      for (const reader of readers) send(reader, text);
    },
    open(response) {
      const reader: Reader = { response, missed: 0 };
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });
      response.write(': events\n\n');
      readers.add(reader);
      if (readers.size === 1) changed(true);
      response.once('close', () => {
        readers.delete(reader);
        if (readers.size === 0) changed(false);
      });
    },
    onReaders(listener) {
      changed = listener;
    },
  };
}

/** JSON has no line breaks, so one line of data is enough. */
function eventText(kind: string, data: object): string {
  return `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}
