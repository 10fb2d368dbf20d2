import assert from 'node:assert/strict';
import type { Change, Following } from '../changes.ts';
import type { Store } from '../store.ts';
import { bytes, S64, text } from './case.ts';

/** Milliseconds after which an expected change counts as missing. */
const PATIENCE = 30_000;

/** What a follower was notified of. */
interface Followed {
  readonly following: Following;
  readonly seen: string[];
  readonly lost: string[];
  /** Waits for this change, and for at least so many, and returns all: `set BUCKET KEY VALUE`, `delete BUCKET KEY`. */
  until(last: string, count: number): Promise<string[]>;
}

async function follow(store: Store, wait: () => Promise<void> | undefined = () => {}): Promise<Followed> {
  const seen: string[] = [];
  const lost: string[] = [];
  let notify = (): void => {};
  const following = await store.changes!.follow({
    changed(change) {
      seen.push(shown(change));
      notify();
      return wait();
    },
    lost: (reason) => lost.push(reason),
  });
  return {
    ...{ following, seen, lost },
    async until(last, count) {
      const found = Promise.withResolvers<void>();
      notify = () => seen.length >= count && seen.includes(last) && found.resolve();
      notify();
      const late = (): void => found.reject(new assert.AssertionError({ message: `${last} is missing` }));
      const timer = setTimeout(late, PATIENCE);
      await found.promise.finally(() => clearTimeout(timer));
      return seen;
    },
  };
}

function shown(change: Change): string {
  const { kind, bucket, key } = change;
  return kind === 'set' ? `${kind} ${bucket} ${key} ${text(change.value)}` : `${kind} ${bucket} ${key}`;
}

/** The last change; others may be reported after it. */
async function mark(store: Store, name = 'end', bucket = 'b'): Promise<string> {
  await store.set(bucket, name, bytes(name));
  return `set ${bucket} ${name} ${name}`;
}

/** A requirement of `Changes`: `here` is followed, `there` writes; they are opened from one URL, or the same. */
export interface ChangesCase {
  readonly name: string;
  run(here: Store, there: Store): Promise<void>;
}

export const CHANGES: readonly ChangesCase[] = [
  {
    name: 'a follower is notified of each kind of write, with the value that was committed',
    async run(here, there) {
      const { until, following } = await follow(here);
      await there.set('b', 'k', bytes('one'));
      await there.setMany('b', [
        ['p:x', bytes('first')],
        ['p:x', bytes('second')],
      ]);
      await there.increment('b', 'n', 2n, S64);
      await there.increment('b', 'n', -5n, S64);
      const { version } = await there.read('b', 'k');
      assert.equal(await there.swap('b', 'k', version, bytes('two')), true);
      assert.equal(await there.swap('b', 'k', version, bytes('three')), false);
      const absent = await there.read('b', 'new');
      assert.equal(await there.swap('b', 'new', absent.version, bytes('')), true);
      await there.delete('b', 'k');
      await there.delete('b', 'k');
      await there.deleteMany('b', ['p:x', 'p:missing', 'n', 'n']);
      const seen = await until(await mark(there), 10);
      assert.deepEqual(seen.toSorted(), [
        'delete b k',
        'delete b n',
        'delete b p:x',
        'set b end end',
        'set b k one',
        'set b k two',
        'set b n -3',
        'set b n 2',
        'set b new ',
        'set b p:x second',
      ]);
      const ofOne = seen.filter((change) => change.startsWith('delete b k') || change.startsWith('set b k '));
      assert.deepEqual(ofOne, ['set b k one', 'set b k two', 'delete b k']);
      await following.close();
    },
  },
  {
    name: 'a follower gets long keys, empty and binary values, and every bucket',
    async run(here, there) {
      const found: Change[] = [];
      const done = Promise.withResolvers<void>();
      const following = await here.changes!.follow({
        changed(change) {
          found.push(change);
          if (found.length === 3) done.resolve();
        },
        lost: (reason) => assert.fail(reason),
      });
      const key = `${'ü'.repeat(2047)}.`;
      const value = Uint8Array.from({ length: 100_000 }, (_, n) => n % 256);
      await there.set('b', key, value);
      await there.set('ein Eimer/{a}:b', 'k', new Uint8Array(0));
      await there.delete('b', key);
      await done.promise;
      await following.close();
      const sets = found.filter(({ bucket }) => bucket === 'b');
      assert.deepEqual(sets, [
        { kind: 'set', bucket: 'b', key, value },
        { kind: 'delete', bucket: 'b', key },
      ]);
      const [other] = found.filter(({ bucket }) => bucket !== 'b');
      assert.deepEqual(other, {
        kind: 'set',
        bucket: 'ein Eimer/{a}:b',
        key: 'k',
        value: new Uint8Array(0),
      });
    },
  },
  {
    name: 'a follower is notified of what is committed while it follows, and not of unreported writes',
    async run(here, there) {
      await there.set('b', 'before', bytes('1'));
      const first = await follow(here);
      await there.set('b', 'while', bytes('2'));
      for (const store of [here, there]) {
        await store.changes!.unreported.set('b', 'unreported', bytes('3'));
        await store.changes!.unreported.increment('b', 'unreported', 1n, S64);
        await store.changes!.unreported.delete('b', 'unreported');
      }
      const seen = await first.until(await mark(there), 2);
      assert.deepEqual(seen.toSorted(), ['set b end end', 'set b while 2']);
      await first.following.close();
      await there.set('b', 'between', bytes('4'));
      const second = await follow(here);
      assert.deepEqual(await second.until(await mark(there, 'last'), 1), ['set b last last']);
      await second.following.close();
      assert.equal(first.seen.length, 2);
    },
  },
  {
    name: 'changes of one key are reported in the order of their commits, by both programs',
    async run(here, there) {
      const { until, following } = await follow(here);
      const stores = [here, there];
      await Promise.all(
        Array.from({ length: 120 }, async (_, n) => stores[n % 2]!.increment('b', 'n', 1n, S64)),
      );
      for (let n = 0; n < 20; n++) {
        await Promise.all([
          stores[n % 2]!.set('b', 'k', bytes(`${n}`)),
          stores[(n + 1) % 2]!.delete('b', 'n'),
        ]);
      }
      const seen = await until(await mark(there), 142);
      const counted = seen.filter((change) => change.startsWith('set b n '));
      assert.deepEqual(
        counted,
        Array.from({ length: 120 }, (_, n) => `set b n ${n + 1}`),
      );
      const sets = seen.filter((change) => change.startsWith('set b k '));
      assert.deepEqual(
        sets,
        Array.from({ length: 20 }, (_, n) => `set b k ${n}`),
      );
      await following.close();
    },
  },
  {
    name: 'each of two followers gets every change, also while the other one is slow',
    async run(here, there) {
      const gate = Promise.withResolvers<void>();
      const slow = await follow(here, () => gate.promise);
      const quick = await follow(there);
      const keys = Array.from({ length: 700 }, (_, n) => `${n}`);
      await there.setMany(
        'b',
        keys.slice(0, 600).map((key) => [key, bytes(key)]),
      );
      await Promise.all(keys.slice(600).map(async (key) => here.set('b', key, bytes(key))));
      const all = [...keys.map((key) => `set b ${key} ${key}`), 'set b end end'].sort();
      const last = await mark(there);
      assert.deepEqual((await quick.until(last, all.length)).toSorted(), all);
      assert.ok(slow.seen.length < 2, 'it was not waited for');
      gate.resolve();
      assert.deepEqual((await slow.until(last, all.length)).toSorted(), all);
      assert.deepEqual([...slow.lost, ...quick.lost], []);
      await slow.following.close();
      await quick.following.close();
    },
  },
  {
    name: 'a flush reports all that is committed, without waiting for the follower',
    async run(here, there) {
      const { following, seen } = await follow(here, () => new Promise(() => {}));
      const keys = Array.from({ length: 300 }, (_, n) => `${n}`);
      for (const bucket of ['b', 'c']) {
        await there.setMany(
          bucket,
          keys.map((key) => [key, bytes(key)]),
        );
      }
      await following.flush();
      assert.equal(new Set(seen).size, 600);
      await following.close();
    },
  },
];
