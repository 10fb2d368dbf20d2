import type { StoreGuarantee } from '../../../host/index.ts';
import type { EngineLoad } from '../../engine/engine.ts';
import type { SessionCount } from '../../mcp/sessions/retention.ts';

/** The state of a server. */
export type Phase = 'starting' | 'ready' | 'draining' | 'store-broken' | 'store-unavailable';

export interface ServerStatus {
  readonly phase: Phase;
  /** Undefined before the start, as is `load`. */
  readonly storeUrl: string | undefined;
  readonly storeGuarantee: StoreGuarantee | undefined;
  readonly load: EngineLoad | undefined;
  readonly purgedSessions: number;
  /** The sessions that are left, when they were last counted, in milliseconds since 1970. */
  readonly sessions: SessionCount | undefined;
}
