import type { EngineOptions } from '../engine/engine.ts';
import type { McpOptions } from '../mcp/mcp.ts';
import type { AccessPolicyOptions } from './access-policy/access-policy.ts';
import type { Monitor } from './admin/monitor.ts';

/** How a server runs its guests and which requests it accepts. Every default is that of the command's option of that name. */
export interface ServerOptions extends EngineOptions, AccessPolicyOptions, McpOptions {
  /** Largest request body in bytes; 10 MiB by default. The response to a larger one is 413. */
  readonly maxBody?: number;
  /**
   * Simultaneous connections; 1000 by default. For one more, the connection that has been idle longest is closed, or the new
   * one when none is idle.
   */
  readonly maxConnections?: number;
  /**
   * Milliseconds that an idle connection waits for its next request; 75 s by default, longer than proxies keep theirs. Applies
   * to `listen` only, as does `maxConnections`.
   */
  readonly keepAlive?: number;
  /** Milliseconds without progress of an arriving body; 30 s by default. Then the response is 408 and the connection ends. */
  readonly bodyTimeout?: number;
  /** Reports status and metrics of the server. */
  readonly monitor?: Monitor;
  /** Headers, names in lower case, that replace those of the same names in each request. */
  readonly requestHeaders?: readonly (readonly [string, string])[];
}
