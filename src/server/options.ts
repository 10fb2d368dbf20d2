import type { EngineOptions } from '../engine/engine.ts';
import type { McpOptions } from '../mcp/mcp.ts';
import type { AccessPolicyOptions } from './access-policy/access-policy.ts';
import type { Monitor } from './admin/monitor.ts';

/** How a server runs its guests and what it lets in. Every field has the default of the command's flag of that name. */
export interface ServerOptions extends EngineOptions, AccessPolicyOptions, McpOptions {
  /** Largest body of a request in bytes; 10 MiB by default. A larger one is answered with 413. */
  readonly maxBody?: number;
  /**
   * Connections at a time; 1000 by default. For one more, the one that has been idle for longest is closed; where none is, the
   * new one.
   */
  readonly maxConnections?: number;
  /**
   * Milliseconds that an idle connection waits for its next request, 75 s by default: longer than proxies keep theirs. Of
   * `listen` only, as are the connections.
   */
  readonly keepAlive?: number;
  /** Milliseconds that a body which is arriving may make no progress, 30 s by default: then 408, and the connection ends. */
  readonly bodyTimeout?: number;
  /** Looks at the server, for those who look after it. */
  readonly monitor?: Monitor;
  /** Names in lower case and values of headers that each request gets in place of its own of these names. */
  readonly requestHeaders?: readonly (readonly [string, string])[];
}
