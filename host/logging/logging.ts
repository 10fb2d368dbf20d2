import type { Guest } from '../guest.ts';
import type { Implementation, Log } from '../options.ts';
import { cutText } from '../text.ts';

/** Maximum length of a message in UTF-16 code units: that of a line of standard output. */
const MAX_MESSAGE: number = 8 * 1024;

/** `wasi:logging/logging@0.1.0-draft`. */
export function logging(guest: Guest, log: Log | undefined): Implementation {
  return {
    log(level: string, context: string, message: string): void {
      guest.check();
      log?.(level, cutText(context), cutText(message, MAX_MESSAGE));
    },
  };
}
