/** What a client has set in a session after `initialize`: it lasts as long as the process. */
export interface Settings {
  level: string | undefined;
  /** Resources that the client has subscribed to. */
  readonly uris: Set<string>;
  /** Called when `uris` has changed; `ready` is called when its changes are noticed. */
  readonly listeners: Set<(ready: () => void) => void>;
}

export interface SettingsMemory {
  find(session: string): Settings | undefined;
  of(session: string): Settings;
}

/** Most sessions whose settings are remembered; those that were set last count. */
const MAX_SESSIONS = 10_000;

/** Most resources that one session is subscribed to. */
export const MAX_SUBSCRIPTIONS = 1000;

export function createSettingsMemory(): SettingsMemory {
  const known = new Map<string, Settings>();
  return {
    find: (session) => known.get(session),
    of(session) {
      const settings = known.get(session) ?? { level: undefined, uris: new Set(), listeners: new Set() };
      known.delete(session);
      known.set(session, settings);
      if (known.size > MAX_SESSIONS) known.delete(known.keys().next().value!);
      return settings;
    },
  };
}
