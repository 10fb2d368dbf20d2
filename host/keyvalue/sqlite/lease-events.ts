import type { LeaseEvent, LeaseName } from '../leases.ts';
import type { Connection } from './connection.ts';

/** Milliseconds between two checks while other holders are alive, and while there are none. */
const SHORT = 4;
const LONG = 200;

export interface LeaseWatch {
  /** This connection has made a change itself. */
  changed(): void;
  stop(): void;
}

export interface LeaseWatchParts {
  readonly connection: Connection;
  readonly holder: string;
  /** Leases that the holder waits for; those that it got are removed. */
  readonly waiting: ReadonlyMap<string, LeaseName>;
  readonly listener: (event: LeaseEvent) => void;
  /** The engine's clock. */
  readonly now: string;
}

/**
 * Polls for changes that concern a holder. SQLite has no notification of commits, but one read of shared memory shows whether there
 * was one (https://sqlite.org/pragma.html#pragma_data_version).
 */
export function watchLeases({ connection, holder, waiting, listener, now }: LeaseWatchParts): LeaseWatch {
  const version = connection.prepare<[], bigint>('PRAGMA data_version').pluck();
  const others = connection
    .prepare<[string], bigint>(`SELECT 1 FROM holder WHERE id <> ? AND expires > ${now} LIMIT 1`)
    .pluck();
  const wanted = connection.prepare<[string], LeaseName>(
    'SELECT bucket, name FROM lease WHERE holder = ? AND wanted IS NOT NULL',
  );
  const isGiven = connection
    .prepare<[string, string, string], bigint>(
      'SELECT 1 FROM lease WHERE bucket = ? AND name = ? AND holder = ?',
    )
    .pluck();
  let seen: bigint | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pause = LONG;
  let stopped = false;

  function look(): void {
    let isAlone = true;
    try {
      isAlone = others.get(holder) === undefined;
      const current = version.get();
      if (current !== seen) report();
      seen = current;
    } catch {
      // The database is busy or lost; its users get the failure.
    }
    schedule(isAlone && waiting.size === 0 ? LONG : SHORT);
  }

  function report(): void {
    for (const { bucket, name } of wanted.all(holder)) listener({ kind: 'wanted', bucket, name });
    for (const { bucket, name } of [...waiting.values()]) {
      if (isGiven.get(bucket, name, holder) !== undefined) listener({ kind: 'given', bucket, name });
    }
  }

  function schedule(milliseconds: number): void {
    pause = milliseconds;
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(look, pause).unref();
  }

  look();
  return {
    changed() {
      seen = undefined;
      // The next check may be far away, and must not be postponed repeatedly.
      if (waiting.size > 0 && pause === LONG) schedule(SHORT);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
