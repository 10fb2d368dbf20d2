import type { EngineInternals, EngineOptions } from '../engine/engine.ts';
import type { RequestObservers } from '../http/request-observers.ts';
import type { McpOptions } from '../mcp/options.ts';
import type { Resolved } from '../options/resolve.ts';
import type { AccessPolicyOptions } from './access-policy/access-policy.ts';
import type { Administration } from './admin/administration.ts';
import type { Monitor } from './admin/monitor.ts';
import type { ListenTarget } from './listen-address.ts';
import type { RequestSummary } from './observe/request-summary.ts';
import type { CurrentCertificate } from './tls.ts';

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
  /**
   * Called for each request once nothing works on it any more, with what a line of an access log has. Requests are not
   * observed without it, which saves a little. What it throws is lost.
   */
  readonly onRequest?: (request: RequestSummary) => void;
}

/** Options that have no default: they are undefined unless given. */
type OptionalOption =
  | 'storeBroken'
  | 'fetch'
  | 'publicUrl'
  | 'mcp'
  | 'state'
  | 'maxWorkers'
  | 'cpuLimit'
  | 'fuel'
  | 'onRequest';

export type DefaultedOption = Exclude<keyof ServerOptions, OptionalOption>;

/** The options of a server with their defaults. */
export type ServerSettings = Resolved<ServerOptions, DefaultedOption>;

/** What the commands and tests need beyond the public options. */
export interface ServerInternals extends EngineInternals {
  /** Reports status and metrics of the server. */
  readonly monitor?: Monitor;
  /** Who observes requests; those of the monitor by default. */
  readonly observers?: RequestObservers;
  /** Lets the API look at the server and its store. */
  readonly administration?: Administration;
  /** Headers, names in lower case, that replace those of the same names in each request. */
  readonly requestHeaders?: readonly (readonly [string, string])[];
  /** Ports of the server besides the one for clients, which guests must not reach. */
  readonly ownPorts?: readonly number[];
  /** Where `listen` listens if it gets no address. */
  readonly listenOn?: readonly ListenTarget[];
  /** For TLS on addresses that are not Unix sockets. */
  readonly tls?: CurrentCertificate;
  /** Called once, when the server has listened for `limit` milliseconds without a request in progress. */
  readonly idle?: { readonly limit: number; readonly reached: () => void };
}
