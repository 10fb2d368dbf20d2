import { onTestFinished } from 'vitest';
import type { Following } from '../../host/keyvalue/changes.ts';
import type { Store } from '../../host/keyvalue/store.ts';

export interface Followed {
  readonly following: Following;
  /** `set BUCKET KEY VALUE` or `delete BUCKET KEY`. */
  readonly seen: readonly string[];
  readonly lost: readonly string[];
  /** Waits for so many changes and returns all. */
  count(changes: number): Promise<readonly string[]>;
  /** Waits until something was lost. */
  untilLost(): Promise<readonly string[]>;
}

/** Follows a store until the end of the test. @param room what the follower waits for after each change */
export async function follow(
  store: Store,
  room: () => Promise<void> | undefined = () => {},
): Promise<Followed> {
  const seen: string[] = [];
  const lost: string[] = [];
  const waiting = new Set<() => void>();
  const notify = (): void => waiting.forEach((wake) => void wake());
  const following = await store.changes!.follow({
    changed(change) {
      const { kind, bucket, key } = change;
      const value = kind === 'set' ? ` ${Buffer.from(change.value).toString()}` : '';
      seen.push(`${kind} ${bucket} ${key}${value}`);
      notify();
      return room();
    },
    lost(reason) {
      lost.push(reason);
      notify();
    },
  });
  onTestFinished(() => following.close());
  async function until(isThere: () => boolean): Promise<void> {
    const found = Promise.withResolvers<void>();
    const wake = (): void => void (isThere() && found.resolve());
    waiting.add(wake);
    wake();
    await found.promise;
    waiting.delete(wake);
  }
  return {
    ...{ following, seen, lost },
    async count(changes) {
      await until(() => seen.length >= changes);
      return seen;
    },
    async untilLost() {
      await until(() => lost.length > 0);
      return lost;
    },
  };
}
