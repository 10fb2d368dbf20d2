import type { Awaitable } from '../../../host/index.ts';
import { type Edit, rememberSettings, type Settings, type SettingsRecords } from './settings.ts';

/** Called when the subscriptions of a session have changed; `noticed` is to be called when the change has its effect. */
export type Changed = (uris: readonly string[], noticed: () => void) => void;

/** The settings of sessions, and who has to know of their changes. */
export interface SessionSettings {
  load(session: string): Promise<Settings>;
  /** As they were a second ago, or later: not every request can ask the store. */
  recent(session: string): Awaitable<Settings>;
  /** Settles when all streams of the session on this host have what changed; with the reason if the change is refused. */
  change(session: string, edit: Edit): Promise<string | undefined>;
  /** Watches the subscriptions, which were `uris` when they were loaded. Returns a function that ends this. */
  watch(session: string, uris: readonly string[], changed: Changed): () => void;
}

/** Milliseconds until a change of another host is noticed. */
const LOOK = 1000;

interface Watcher {
  see(uris: readonly string[], noticed: () => void): void;
}

export function createSessionSettings(records: SettingsRecords): SessionSettings {
  const known = rememberSettings<{ readonly settings: Settings; readonly at: number }>();
  const watchers = new Map<string, Set<Watcher>>();
  const changing = new Map<string, Promise<unknown>>();

  async function load(session: string): Promise<Settings> {
    const settings = await records.load(session);
    if (records.isShared) known.remember(session, { settings, at: performance.now() });
    return settings;
  }

  /** One change after another: each would find that another one was first, again and again. */
  function inOrder<T>(session: string, change: () => Promise<T>): Promise<T> {
    const own = (changing.get(session) ?? Promise.resolve()).then(change, change);
    changing.set(session, own);
    const settled = (): void => {
      if (changing.get(session) === own) changing.delete(session);
    };
    own.then(settled, settled);
    return own;
  }

  function watchersOf(session: string): Set<Watcher> {
    const own = watchers.get(session) ?? new Set();
    watchers.set(session, own);
    return own;
  }

  return {
    load,
    recent(session) {
      if (!records.isShared) return records.load(session);
      const found = known.get(session);
      return found !== undefined && performance.now() - found.at < LOOK ? found.settings : load(session);
    },
    async change(session, edit) {
      const settings = await inOrder(session, async () => records.update(session, edit));
      if (typeof settings === 'string') return settings;
      if (records.isShared) known.remember(session, { settings, at: performance.now() });
      const noticed = [...(watchers.get(session) ?? [])].map(
        (watcher) => new Promise<void>((resolve) => watcher.see(settings.uris, resolve)),
      );
      await Promise.all(noticed);
      return undefined;
    },
    watch(session, uris, changed) {
      const own = watchersOf(session);
      let seen = uris;
      const watcher: Watcher = {
        see(next, noticed) {
          const isSame = next.length === seen.length && next.every((uri, at) => uri === seen[at]);
          seen = next;
          if (isSame) noticed();
          else changed(next, noticed);
        },
      };
      own.add(watcher);
      let isLooking = false;
      const look = async (): Promise<void> => {
        if (isLooking) return;
        isLooking = true;
        try {
          const { uris: next } = await load(session);
          if (own.has(watcher)) watcher.see(next, () => {});
        } catch {
          // The next look may find the store again.
        } finally {
          isLooking = false;
        }
      };
      const timer = records.isShared ? setInterval(look, LOOK).unref() : undefined;
      return () => {
        clearInterval(timer);
        own.delete(watcher);
        if (own.size === 0 && watchers.get(session) === own) watchers.delete(session);
      };
    },
  };
}
