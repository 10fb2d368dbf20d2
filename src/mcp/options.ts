import type { Store, StoreLimits } from '../../host/index.ts';
import type { Resolved } from '../options/resolve.ts';

/** What a server does for MCP in addition to its guest. */
export interface McpOptions {
  /**
   * What the server adds for MCP clients: `guide` adds what wasmcp's Sessions Guide promises, `strict` only what the
   * specification requires, `off` nothing. The default is `guide` for a component that looks like an MCP server of wasmcp,
   * and `off` for others.
   */
  readonly mcp?: 'guide' | 'strict' | 'off';
  /**
   * How clients of MCP 2026-07-28, which have no sessions, keep state: by the id of a session as an argument of tools (`handle`), or
   * not at all (`none`). The default is `handle` with `mcp: 'guide'` if the guest keeps sessions. Other modes add no state.
   */
  readonly state?: 'handle' | 'none';
  /**
   * How the requests of one MCP session run: one after another (`serial`, the default), or as they arrive (`parallel`).
   * Up to `queueLimit` requests may wait.
   */
  readonly sessionOrder?: 'serial' | 'parallel';
  /**
   * Milliseconds that MCP sessions stay in the store after they have ended or expired, 7 days by default; `off` keeps them
   * forever.
   */
  readonly sessionRetention?: number | 'off';
  /**
   * Milliseconds that a guest may wait for a response of its client (sampling, elicitation), 5 min by default. After that the
   * request ends with an error. Nothing else that the guest or the client sends extends the time.
   */
  readonly inputWait?: number;
  /**
   * Milliseconds of silence after which a stream of events gets a comment, so that nothing between server and client closes it,
   * 15 s by default; `off` for none. With `mcp: 'off'` there are none either.
   */
  readonly sseKeepAlive?: number | 'off';
}

/** The options of a server that matter here. */
export interface McpSettings
  extends Resolved<McpOptions, 'sessionOrder' | 'sessionRetention' | 'inputWait' | 'sseKeepAlive'> {
  readonly env: Readonly<Record<string, string>>;
  readonly publicUrl?: string;
  readonly queueLimit: number;
  readonly timeout: number;
  readonly store: string | Store;
  readonly storeLimits: StoreLimits;
  readonly log: (level: string, context: string, message: string) => unknown;
}
