import type { Exchange } from './exchange.ts';
import type { Asking } from './guest-profile.ts';
import type { OwnSession } from './own-session.ts';
import type { TranslatedResponse } from './translation.ts';

/** A client's request on its way to the guest. */
export interface Step extends Asking {
  readonly exchange: Exchange;
  readonly own: OwnSession;
  readonly translated: TranslatedResponse;
}
