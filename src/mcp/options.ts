import type { Store, StoreLimits } from '../../host/index.ts';
import type { Resolved } from '../options/resolve.ts';
import type { HandleNames } from '../options/types.ts';

/** What a server does for MCP in addition to its guest. */
export interface McpOptions {
  /**
   * What the server adds for MCP clients: `guide` adds what wasmcp's Sessions Guide promises, `strict` only what the
   * specification requires, `off` nothing. The default is `guide` for a component that looks like an MCP server of wasmcp,
   * and `off` for others.
   */
  readonly mcp?: 'guide' | 'strict' | 'off';
  /**
   * How clients of MCP 2026-07-28, which have no sessions, keep state with `mcp: 'guide'`: one session for each principal, by the
   * `iss` and `sub` of its token (`principal`), by the id of a session as an argument of tools (`handle`), or not at all (`none`).
   * The default is `principal` if the guest asks for tokens, `handle` if it keeps sessions, else `none`.
   */
  readonly state?: 'principal' | 'handle' | 'none';
  /**
   * Milliseconds that this state lasts without use, a day by default. Then the session expires, as all do.
   */
  readonly stateLifetime?: number;
  /**
   * Names of the tools that create and end a session, and of the argument of all others, with `state: 'handle'`. A tool or an
   * argument of the guest with such a name is left to the guest.
   */
  readonly handleNames?: HandleNames;
  /** Maximum number of sessions that one principal may have created with `state: 'handle'`; 100 by default. */
  readonly maxHandlesPerPrincipal?: number;
  /** Maximum number of sessions that this process has created with `state: 'handle'`, and that have not ended; 10,000 by default. */
  readonly maxHandles?: number;
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
   * Milliseconds after which a call of a tool becomes a task, for clients of MCP 2026-07-28 that declare the extension for tasks; 5 s by
   * default. `off` for none; there are none either with another `mcp` than `guide`.
   */
  readonly taskAfter?: number | 'off';
  /** Milliseconds that a task and its result are kept after its end, 1 h by default. */
  readonly taskTtl?: number;
  /**
   * Milliseconds of silence after which a stream of events gets a comment, so that nothing between server and client closes it,
   * 15 s by default; `off` for none. With `mcp: 'off'` there are none either.
   */
  readonly sseKeepAlive?: number | 'off';
}

/** The options of a server that matter here. */
export interface McpSettings
  extends Resolved<
    McpOptions,
    | 'stateLifetime'
    | 'handleNames'
    | 'maxHandlesPerPrincipal'
    | 'maxHandles'
    | 'sessionOrder'
    | 'sessionRetention'
    | 'inputWait'
    | 'taskAfter'
    | 'taskTtl'
    | 'sseKeepAlive'
  > {
  readonly env: Readonly<Record<string, string>>;
  readonly publicUrl?: string;
  readonly workers: number;
  readonly liveLimit: number;
  readonly queueLimit: number;
  readonly timeout: number;
  readonly store: string | Store;
  readonly storeLimits: StoreLimits;
  readonly log: (level: string, context: string, message: string) => unknown;
}
