import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { entriesFrom, RESERVED_PREFIX, type Store } from '../../../host/index.ts';
import { parseStored } from '../json.ts';
import { isObject } from '../modern/client-message.ts';
import { NO_SETTINGS, type Settings, type SettingsRecords } from './settings.ts';

/** Where the settings of sessions are; guests cannot open it. */
export const BUCKET: string = `${RESERVED_PREFIX}client-settings`;

/** Milliseconds that settings are kept after their last use. */
const KEPT: number = 7 * 24 * 3_600_000;

/** Milliseconds after which a use is recorded. */
const RENEWED: number = 24 * 3_600_000;

/** Milliseconds between two looks for settings that nobody uses any more. */
const INTERVAL = 3_600_000;

/** Bytes by which one host lets the settings in the store grow within an hour: anyone can name a new session. */
const MAX_GROWTH: number = 16 * 1024 * 1024;

/** What a new record costs the store apart from its value, in bytes. */
const OVERHEAD = 256;

const PAGE = 1000;

/** Settings that outlive the process, and that all hosts of a store have. */
export function createStoredSettings(store: Store, now: () => number = Date.now): SettingsRecords {
  let swept = now();
  let grown = 0;

  /** Of expired sessions and others that nobody uses: they cannot be told apart. */
  async function forgetUnused(): Promise<void> {
    for (let from = ''; ; ) {
      const page = await entriesFrom(store, BUCKET, from, PAGE);
      const unused = page.filter(({ updated }) => updated < now() - KEPT).map(({ key }) => key);
      if (unused.length > 0) await store.deleteMany(BUCKET, unused);
      if (page.length < PAGE) return;
      from = `${page.at(-1)!.key}\0`;
      await nextTurn();
    }
  }

  /** Returns false if the host has let the store grow enough. */
  function mayGrow(bytes: number): boolean {
    if (now() - swept >= INTERVAL) {
      swept = now();
      grown = 0;
      // It is done again in an hour.
      forgetUnused().catch(() => {});
    }
    if (bytes > 0 && grown + bytes > MAX_GROWTH) return false;
    grown += Math.max(0, bytes);
    return true;
  }

  return {
    isShared: true,
    async load(session) {
      const key = keyOf(session);
      const { value, version, updated = now() } = await store.read(BUCKET, key);
      if (value === undefined) return NO_SETTINGS;
      if (now() - updated > RENEWED) await store.swap(BUCKET, key, version, value);
      return decode(value);
    },
    async update(session, edit) {
      const key = keyOf(session);
      for (;;) {
        const { value, version } = await store.read(BUCKET, key);
        const settings = value === undefined ? NO_SETTINGS : decode(value);
        const edited = edit(settings);
        if (typeof edited === 'string' || edited === settings) return edited;
        const bytes = Buffer.from(JSON.stringify(edited));
        if (!mayGrow(bytes.length - (value?.length ?? -OVERHEAD))) {
          return 'this host has kept the settings of many sessions; try again later';
        }
        if (await store.swap(BUCKET, key, version, bytes)) return edited;
        // Another request of the session, or another host, was first.
      }
    },
  };
}

/** A session id may be longer than a key. */
function keyOf(session: string): string {
  return createHash('sha256').update(session).digest('base64url');
}

function decode(bytes: Uint8Array): Settings {
  const value = parseStored(Buffer.from(bytes).toString());
  if (!isObject(value)) return NO_SETTINGS;
  const { level, uris } = value;
  return {
    level: typeof level === 'string' ? level : undefined,
    uris: Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [],
  };
}
