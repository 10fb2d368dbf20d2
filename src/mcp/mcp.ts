import { DEFAULT_STORE_URL, type Store, type StoreLimits } from '../../host/index.ts';
import type { Component } from '../component/component.ts';
import type { Handler } from '../http/handler.ts';
import { describeSessions, guestDefaults, guestOrigins, probeBucket, sessionBucket } from './defaults.ts';
import { createSessionEdge } from './edge/edge.ts';
import { createSessionQueue } from './edge/session-queue.ts';
import { looksLikeMcp } from './looks-like-mcp.ts';
import { withChallenge } from './oauth/challenge.ts';
import { withDiscovery } from './oauth/discovery.ts';
import { authProblems } from './oauth/settings.ts';
import { type Retention, startRetention } from './sessions/retention.ts';

const SESSION_RETENTION = 7 * 24 * 60 * 60 * 1000;

/** What a server does for MCP beyond what its guest does. */
export interface McpOptions {
  /**
   * What MCP clients find besides what the guest does: `guide` makes true what wasmcp's Sessions Guide promises, `strict`
   * sees to the specification alone, `off` to nothing. `guide` by default for a component that looks like an MCP server of
   * wasmcp, `off` for others.
   */
  readonly mcp?: 'guide' | 'strict' | 'off';
  /**
   * How the requests of one MCP session run: one after another (`serial`, the default), or as they come (`parallel`). As
   * many may wait as `queueLimit` says.
   */
  readonly sessionOrder?: 'serial' | 'parallel';
  /**
   * Milliseconds that MCP sessions stay in the store after they have ended or expired, 7 days by default; `off` keeps them
   * for ever.
   */
  readonly sessionRetention?: number | 'off';
  /**
   * Milliseconds that a guest may wait for something that it has asked its client while it answers it (sampling,
   * elicitation), 5 min by default. What the client or the guest say meanwhile gives it no more; then the request ends with
   * an error.
   */
  readonly inputWait?: number;
}

/** Of a server's options those that matter here. */
interface Surroundings extends McpOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly publicUrl?: string;
  readonly queueLimit?: number;
  readonly timeout?: number;
  readonly store?: string | Store;
  readonly storeLimits?: StoreLimits;
  readonly log?: (level: string, context: string, message: string) => unknown;
}

/** MCP's side of a server. Does nothing for components that are no MCP servers. */
export interface Mcp {
  /** The environment of guests, with what a wasmcp server needs where nobody said anything else. */
  environment(component: Component): Readonly<Record<string, string>>;
  /** Origins that the guest was told to allow. */
  origins(component: Component): readonly string[];
  /** `handle` as MCP clients find it. */
  front(component: Component, handle: Handler): Handler;
  /**
   * Logs what tokens cannot be checked for.
   *
   * @throws WasmcpError `store-*`, `bucket-*`: sessions could not be kept
   */
  probe(component: Component): Promise<void>;
  /**
   * Begins to purge old sessions; undefined where none are kept, or all are. `local` is the store where it lives on this
   * thread.
   */
  retain(component: Component, local: Store | undefined): Retention | undefined;
  /** Whether sessions are kept, where, and who may use them; undefined for what is no MCP server. */
  describe(component: Component, storeUrl: string): string | undefined;
}

/** `ownUrl` is the server's address as far as it knows it, without a slash at its end. */
export function createMcp(options: Surroundings, ownUrl: () => string): Mcp {
  const { env = {}, queueLimit = 1024, store = DEFAULT_STORE_URL } = options;
  const { timeout = 30_000, inputWait = 300_000 } = options;
  const order = options.sessionOrder === 'parallel' ? undefined : createSessionQueue(queueLimit);
  const publicUrl = options.publicUrl === undefined ? undefined : addressOf(options.publicUrl);

  function modeOf(component: Component): 'guide' | 'strict' | 'off' {
    return options.mcp ?? (looksLikeMcp(component) ? 'guide' : 'off');
  }

  function environment(component: Component): Readonly<Record<string, string>> {
    return modeOf(component) === 'off' ? env : { ...guestDefaults(publicUrl ?? ownUrl()), ...env };
  }

  return {
    environment,
    origins: (component) => (modeOf(component) === 'off' ? [] : guestOrigins(env)),
    front(component, handle) {
      const mode = modeOf(component);
      if (mode === 'off') return handle;
      const edge = withChallenge(createSessionEdge(handle, { mode, order, timeout, inputWait }), publicUrl);
      const named = publicUrl !== undefined || env.WASMCP_SERVER_URI !== undefined;
      return withDiscovery(edge, named ? undefined : ownUrl);
    },
    async probe(component) {
      if (modeOf(component) === 'off') return;
      for (const problem of authProblems(env)) void options.log?.('warn', 'auth', problem);
      const bucket = sessionBucket(environment(component));
      if (bucket !== undefined) await probeBucket(store, options.storeLimits, bucket);
    },
    retain(component, local) {
      const { sessionRetention: retention = SESSION_RETENTION, log = () => {} } = options;
      const bucket = modeOf(component) === 'off' ? undefined : sessionBucket(environment(component));
      if (bucket === undefined || retention === 'off') return undefined;
      return startRetention({ store: local ?? store, bucket, retention, log });
    },
    describe: (component, storeUrl) =>
      modeOf(component) === 'off' ? undefined : describeSessions(environment(component), storeUrl),
  };
}

/**
 * An address as headers can carry it, without a slash at its end: people write line breaks and names beyond ASCII. Undefined
 * for what is none, which whoever checks the options refuses.
 */
function addressOf(text: string): string | undefined {
  return URL.parse(text)?.href.replace(/\/+$/, '');
}
