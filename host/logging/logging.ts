import type { Guest } from '../guest.ts';
import type { Implementation, Log } from '../options.ts';

/** `wasi:logging/logging@0.1.0-draft`. */
export function logging(guest: Guest, log: Log | undefined): Implementation {
  return {
    log(level: string, context: string, message: string): void {
      guest.check();
      log?.(level, context, message);
    },
  };
}
