import type { Awaitable } from '../../../host/index.ts';

/** What a client has set in a session after `initialize`. */
export interface Settings {
  readonly level: string | undefined;
  /** Resources that the client has subscribed to. */
  readonly uris: readonly string[];
}

export const NO_SETTINGS: Settings = { level: undefined, uris: [] };

/** Where the settings of sessions are kept. */
export interface SettingsRecords {
  /** Other hosts may change them. */
  readonly isShared: boolean;
  load(session: string): Awaitable<Settings>;
  /** Keeps what `edit` returns, and returns it; or the reason why it was refused. `edit` may be called several times. */
  update(session: string, edit: Edit): Awaitable<Settings | string>;
}

/** Returns the settings as they should be, or why they cannot be changed. */
export type Edit = (settings: Settings) => Settings | string;

/** Most sessions whose settings are remembered; those that were set last count. */
const MAX_SESSIONS = 10_000;

/** Most resources that one session is subscribed to. */
const MAX_SUBSCRIPTIONS = 1000;

/** Longest settings of one session, in characters. */
const MAX_LENGTH = 64 * 1024;

/** A map that forgets what was set first. */
export function rememberSettings<T>(): Map<string, T> & { remember(session: string, value: T): void } {
  const known = new Map<string, T>();
  return Object.assign(known, {
    remember(session: string, value: T): void {
      known.delete(session);
      known.set(session, value);
      if (known.size > MAX_SESSIONS) known.delete(known.keys().next().value!);
    },
  });
}

/** Settings that end with the process. */
export function createSettingsMemory(): SettingsRecords {
  const known = rememberSettings<Settings>();
  return {
    isShared: false,
    load: (session) => known.get(session) ?? NO_SETTINGS,
    update(session, edit) {
      const edited = edit(known.get(session) ?? NO_SETTINGS);
      if (typeof edited !== 'string') known.remember(session, edited);
      return edited;
    },
  };
}

export function withLevel(level: string): Edit {
  return (settings) => (settings.level === level ? settings : { ...settings, level });
}

export function subscribed(uri: string): Edit {
  return (settings) => {
    const { uris } = settings;
    if (uris.includes(uri)) return settings;
    if (uris.length >= MAX_SUBSCRIPTIONS) return `a session has at most ${MAX_SUBSCRIPTIONS} subscriptions`;
    const length = uris.reduce((sum, one) => sum + one.length, uri.length);
    if (length > MAX_LENGTH) return `the subscriptions of a session have at most ${MAX_LENGTH} characters`;
    return { ...settings, uris: [...uris, uri] };
  };
}

export function unsubscribed(uri: string): Edit {
  return (settings) =>
    settings.uris.includes(uri)
      ? { ...settings, uris: settings.uris.filter((one) => one !== uri) }
      : settings;
}
