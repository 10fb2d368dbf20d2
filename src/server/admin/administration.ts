import type { LeaseHolder, Store } from '../../../host/index.ts';
import type { SessionTurns } from '../../mcp/edge/session-turns.ts';
import type { ServerStatus } from './monitor.ts';

/** What the API needs of the server that it administers. */
export interface AdministeredServer {
  status(): ServerStatus;
  /** The component that is being served. */
  component(): { readonly source: string; readonly digest: string };
  /** Undefined until the server has started. */
  store(): AdministeredStore | undefined;
}

export interface AdministeredStore {
  /** By which the store can be opened; undefined if it can only be used as `local`. */
  readonly url: string | undefined;
  /** The store itself if it lives on this thread. */
  readonly local: Store | undefined;
  readonly leases: LeaseHolder | undefined;
  /** Where an MCP server keeps its sessions; undefined if it keeps none. */
  readonly sessions: { readonly bucket: string; readonly turns: SessionTurns } | undefined;
}

/** Connects a server with the API, which may be asked before the server has started. */
export interface Administration {
  /** Called by the server, once. */
  attach(server: AdministeredServer): void;
  /** A request of this session is over. */
  sessionUsed(session: string): void;
  /** Called by the server before it closes its store: closes what was opened beside it. */
  detach(): Promise<void>;
}
