import type { JsonObject } from './client-message.ts';

/** A guest that speaks the client's revision itself. */
export interface ModernGuest {
  readonly era: 'modern';
  readonly supported: readonly string[];
}

/** A guest that must be asked as a client of an earlier revision would ask it. */
export interface LegacyGuest {
  readonly era: 'legacy';
  /** The revision that it speaks. */
  readonly version: string;
  /** It gave a session for `initialize`, and accepts no request without one. */
  readonly keepsSessions: boolean;
  /** The result of its `initialize`, for this client. */
  readonly initialized: JsonObject;
}

export type GuestProfile = ModernGuest | LegacyGuest;
