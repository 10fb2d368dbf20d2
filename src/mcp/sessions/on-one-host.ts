import { type LeaseHolder, RESERVED_PREFIX } from '../../../host/index.ts';
import type { Purged } from './purge.ts';
import type { PurgeRun } from './purge-run.ts';

const BUCKET = `${RESERVED_PREFIX}hosts`;

const NOTHING: Purged = { sessions: 0, keys: 0, unclear: 0 };

/** A purge that waits until no other host does what has this name. It stops if another host takes over. */
export function onOneHost(leases: LeaseHolder | undefined, name: string, begin: () => PurgeRun): PurgeRun {
  if (leases === undefined) return begin();
  const outcome = Promise.withResolvers<Purged>();
  let run: PurgeRun | undefined;
  const use = leases.use(BUCKET, name, {
    started() {
      run = begin();
      run.done.then(outcome.resolve, outcome.reject);
    },
    failed(error) {
      if (run === undefined) outcome.reject(error);
      else run.stop();
    },
  });
  return {
    done: outcome.promise.finally(() => use.leave()),
    stop() {
      if (run === undefined) outcome.resolve(NOTHING);
      else run.stop();
    },
  };
}
