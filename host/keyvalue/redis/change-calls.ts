import type { Change } from '../changes.ts';
import { CHANGE_SCRIPTS } from './change-scripts.ts';
import type { Layout, Place } from './layout.ts';
import type { Reply } from './link.ts';
import type { Runner } from './runner.ts';

/** The calls on the logs of changes. All are safe to repeat. `until` is the time until which a log is written, as a text. */
export interface ChangeCalls {
  /** A sign of life of a follower. Returns the end of its life, and the number of places. */
  follow(id: string): Promise<{ until: string; places: number }>;
  /** Returns whether others still follow. */
  unfollow(id: string): Promise<boolean>;
  /** The tags of all places. */
  tags(): Promise<string[]>;
  /** Returns until when its log must be written. */
  addPlace(place: Place): Promise<string>;
  /** Returns the number of the last change. */
  keepLog(place: Place, until: string): Promise<number>;
  endLog(place: Place, until: string): Promise<void>;
  /** The first changes after number `last`, with their numbers, and the number of the newest. */
  readLog(
    place: Place,
    bucket: string,
    last: number,
  ): Promise<{ newest: number; entries: readonly Numbered[] }>;
}

export interface Numbered {
  readonly number: number;
  readonly change: Change;
}

type Entry = readonly [number: Buffer, key: Buffer, value: Reply];

export function changeCalls(runner: Runner, { schemaPlace, followKeys }: Layout): ChangeCalls {
  const besideSchema = (name: 'follow' | 'unfollow' | 'addPlace', word: string): Promise<Reply> =>
    runner.step(schemaPlace, { script: CHANGE_SCRIPTS[name], keys: followKeys, words: [word] });
  const atPlace = (name: 'keepLog' | 'endLog', place: Place, word: string): Promise<Reply> =>
    runner.step(place, {
      script: CHANGE_SCRIPTS[name],
      keys: [place.keys[3], place.logKey],
      words: [word],
    });

  return {
    async follow(id) {
      const [until, places] = (await besideSchema('follow', id)) as [Buffer, number];
      return { until: String(until), places };
    },
    unfollow: async (id) => (await besideSchema('unfollow', id)) !== 0,
    async tags() {
      const words = ['SMEMBERS', followKeys[1]];
      return ((await runner.read(schemaPlace, { words })) as Buffer[]).map(String);
    },
    addPlace: async ({ tag }) => String(await besideSchema('addPlace', tag)),
    keepLog: async (place, until) => Number(String(await atPlace('keepLog', place, until))),
    endLog: async (place, until) => void (await atPlace('endLog', place, until)),
    async readLog(place, bucket, last) {
      const keys = [place.keys[3], place.logKey];
      const command = { script: CHANGE_SCRIPTS.readLog, keys, words: [String(last)] };
      const [newest, ...entries] = (await runner.read(place, command)) as [Buffer, ...Entry[]];
      return { newest: Number(String(newest)), entries: entries.map((entry) => numbered(bucket, entry)) };
    },
  };
}

function numbered(bucket: string, [number, name, value]: Entry): Numbered {
  const key = String(name);
  return {
    number: Number(String(number)),
    change:
      value === null
        ? { kind: 'delete', bucket, key }
        : { kind: 'set', bucket, key, value: new Uint8Array(value as Buffer) },
  };
}
