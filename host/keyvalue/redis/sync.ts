import { Lost, within } from '../network/outcomes.ts';
import type { Place } from './layout.ts';
import type { ServerLink } from './server-link.ts';

/** Waits until a server has on its disk what it has acknowledged, for servers that do not wait for it themselves. */
export interface Sync {
  /**
   * Settles once everything that was sent on `link` before is on disk.
   *
   * @throws Lost if that is not known
   */
  written(link: ServerLink, place: Place): Promise<void>;
  /** The same for what a reader has seen of a place: settles at once if its `version` is known to be on disk. */
  read(link: ServerLink, place: Place, version: number): Promise<void>;
  close(): void;
}

/** `WAITAOF` waits for the last write of its own connection, and for all writes before. It runs when memory is full, too. */
const MARK = `#!lua flags=allow-oom\nreturn redis.call('HINCRBY', KEYS[1], 'syncs', 1)`;

/** Milliseconds beyond the engine's own limit. */
const GRACE = 500;

/** The part of a call's time after which the engine says how far its disk is. */
const SHARE = 0.9;

/** Maximum number of places whose synced version is known. */
const REMEMBERED = 10_000;

/**
 * One sync at a time serves all calls that arrived before it began. It has a connection of its own, because a connection that waits
 * for a sync takes no further commands.
 */
export function createSync(connect: () => Promise<ServerLink>, timeout: number): Sync {
  const synced = new Map<string, number>();
  let own: ServerLink | undefined;
  let running: Promise<string> | undefined;
  let next: Promise<string> | undefined;

  /** Returns the run of the server that has synced. */
  async function once(place: Place): Promise<string> {
    try {
      if (own?.isOpen !== true) {
        // What another run of the server has on disk is unknown.
        synced.clear();
        own = await connect();
      }
      const link = own;
      const mark = link.send(['EVAL', MARK, '1', place.keys[3]]);
      const wait = link.send(['WAITAOF', '1', '0', String(Math.ceil(timeout * SHARE))]);
      const [, counts] = await within(Promise.all([mark, wait]), timeout + GRACE);
      // It also returns at its time limit.
      if (Array.isArray(counts) && Number(counts[0]) >= 1) return link.settings.runId;
      throw new Lost('it did not write to its disk in time (--store-timeout)');
    } catch (error) {
      own?.close();
      own = undefined;
      if (error instanceof Lost) throw error;
      throw new Lost(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  function start(place: Place): Promise<string> {
    running = once(place).finally(() => {
      running = undefined;
    });
    return running;
  }

  /** A sync that has not begun yet. */
  function begin(place: Place): Promise<string> {
    if (running === undefined) return start(place);
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return start(place);
      });
    return next;
  }

  async function written(link: ServerLink, place: Place): Promise<void> {
    if ((await begin(place)) === link.settings.runId) return;
    throw new Lost('it was restarted before the write was on its disk');
  }

  return {
    written,
    async read(link, place, version) {
      if (own?.settings.runId === link.settings.runId && version <= (synced.get(place.tag) ?? 0)) return;
      await written(link, place);
      if (synced.size >= REMEMBERED) synced.clear();
      synced.set(place.tag, Math.max(version, synced.get(place.tag) ?? 0));
    },
    close: () => own?.close(),
  };
}
