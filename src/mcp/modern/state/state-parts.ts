import type { Store } from '../../../../host/index.ts';
import type { Handler } from '../../../http/handler.ts';
import type { GuestProfiles } from '../guest-profile.ts';

/** What state is made of. */
export interface StateParts {
  /** The guest without sessions, if they can be switched off. */
  readonly stateless: Handler;
  /** The way of clients that keep sessions. */
  readonly sessions: Handler;
  readonly profiles: GuestProfiles;
  readonly store: Store | undefined;
}
