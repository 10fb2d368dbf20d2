import type { LeaseHolder, Store } from '../../host/index.ts';
import type { Component } from '../component/component.ts';
import type { Middleware } from '../http/compose.ts';
import {
  authorizes,
  describeSessions,
  guestDefaults,
  guestOrigins,
  probeBucket,
  sessionBucket,
} from './defaults.ts';
import { createSessionQueue } from './edge/session-queue.ts';
import { createSessionTurns, type SessionTurns } from './edge/session-turns.ts';
import { looksLikeMcp } from './looks-like-mcp.ts';
import type { StateOptions } from './modern/state/options.ts';
import type { ServerTasks } from './modern/tasks/service.ts';
import { authProblems } from './oauth/settings.ts';
import type { McpSettings } from './options.ts';
import type { Retention } from './sessions/retention.ts';

/** The store as the edge uses it. */
interface EngineStore {
  readonly store: { readonly own: Store };
  readonly leases: LeaseHolder | undefined;
}

/** MCP's part of a server. Does nothing for components that are not MCP servers. */
export interface Mcp {
  /** The environment of guests, with what a wasmcp server needs where the user did not set it. */
  environment(component: Component): Readonly<Record<string, string>>;
  /** Origins that the guest's environment allows. */
  origins(component: Component): readonly string[];
  /** Loads the code of `withMcp` ahead of time. */
  preload(component: Component): void;
  /** The stages between MCP clients and the guests. */
  withMcp(component: Component, engine: EngineStore): Promise<Middleware>;
  /**
   * Logs why tokens cannot be checked.
   *
   * @throws WasmcpError `store-*`, `bucket-*`: sessions could not be kept
   */
  probe(component: Component, local: Store | undefined): Promise<void>;
  /**
   * Starts to purge old sessions, after `withMcp`. Returns undefined when no sessions are kept, or all are kept forever. `local` is the store
   * when it is on this thread.
   */
  retain(
    component: Component,
    local: Store | undefined,
    leases: LeaseHolder | undefined,
  ): Retention | undefined;
  /** Where the component's sessions are, and their turns for tools; undefined if it keeps none. */
  sessions(component: Component, leases: LeaseHolder | undefined): KeptSessions | undefined;
  /** Whether sessions are kept, where, and who may use them; undefined for a component that is not an MCP server. */
  describe(component: Component, storeUrl: string): string | undefined;
  /**
   * Waits for calls whose clients have a task instead of a response, `limit` milliseconds at most, and records that the others
   * have failed. To be called before the store is closed.
   */
  finishTasks(limit: number): Promise<void>;
}

/** The sessions of a component. */
export interface KeptSessions {
  readonly bucket: string;
  readonly turns: SessionTurns;
}

/** The path of a request: loaded while workers start, and only for MCP servers. */
const loadStages = (): Promise<typeof import('./pipeline.ts')> => import('./pipeline.ts');

/**
 * `ownUrl` returns the server's address as far as it knows it, without a trailing slash. `sessionUsed` is called with the session
 * of each request that has finished.
 */
export function createMcp(
  options: McpSettings,
  ownUrl: () => string,
  sessionUsed?: (session: string) => void,
): Mcp {
  const { env, queueLimit, store, timeout, inputWait } = options;
  const queue = options.sessionOrder === 'parallel' ? undefined : createSessionQueue(queueLimit);
  /** When requests run in parallel, edits still wait for each other. */
  const editQueue = queue ?? createSessionQueue(queueLimit);
  let tasks: ServerTasks | undefined;
  let stages: typeof import('./pipeline.ts') | undefined;
  const publicUrl = options.publicUrl === undefined ? undefined : addressOf(options.publicUrl);

  function modeOf(component: Component): 'guide' | 'strict' | 'off' {
    return options.mcp ?? (looksLikeMcp(component) ? 'guide' : 'off');
  }

  function environment(component: Component): Readonly<Record<string, string>> {
    return modeOf(component) === 'off' ? env : { ...guestDefaults(publicUrl ?? ownUrl()), ...env };
  }

  /** Only the guide adds state, and only to a guest that keeps sessions. */
  function stateOf(component: Component): StateOptions | undefined {
    const env = environment(component);
    const bucket = sessionBucket(env);
    const kind = options.state ?? (authorizes(env) ? 'principal' : 'handle');
    if (modeOf(component) !== 'guide' || bucket === undefined || kind === 'none') return undefined;
    const { stateLifetime: lifetime, handleNames: names } = options;
    const { maxHandles: perHost, maxHandlesPerPrincipal: perPrincipal } = options;
    return { kind, bucket, lifetime, names, limits: { perPrincipal, perHost } };
  }

  return {
    environment,
    origins: (component) => (modeOf(component) === 'off' ? [] : guestOrigins(env)),
    preload(component) {
      // If it fails, it does so again when it is needed.
      if (modeOf(component) !== 'off') loadStages().catch(() => {});
    },
    async withMcp(component, { store: { own }, leases: holder }) {
      const mode = modeOf(component);
      if (mode === 'off') return (next) => next;
      stages = await loadStages();
      tasks ??= stages.createServerTasks(options);
      const named = publicUrl !== undefined || env.WASMCP_SERVER_URI !== undefined;
      const bucket = sessionBucket(environment(component));
      const leases = holder && bucket !== undefined ? { holder, bucket } : undefined;
      return stages.mcpStages({
        sseKeepAlive: options.sseKeepAlive,
        sessionUsed: bucket === undefined ? undefined : sessionUsed,
        ownUrl: named ? undefined : ownUrl,
        publicUrl,
        eras: {
          authorizes: authorizes(environment(component)),
          state: stateOf(component),
          store: own,
          tasks: mode === 'guide' ? tasks.in(own, holder) : undefined,
          settings: mode === 'guide' ? own : undefined,
          inputWait,
          live: Math.max(1, options.workers) * options.liveLimit,
        },
        sessions: { mode, queue, leases, timeout, inputWait },
      });
    },
    async probe(component, local) {
      if (modeOf(component) === 'off') return;
      for (const problem of authProblems(env)) void options.log('warn', 'auth', problem);
      if (options.state === 'principal' && !authorizes(environment(component))) {
        void options.log('warn', 'auth', NO_PRINCIPALS);
      }
      const bucket = sessionBucket(environment(component));
      if (bucket !== undefined) await probeBucket(local ?? store, options.storeLimits, bucket);
    },
    retain(component, local, leases) {
      const { sessionRetention: retention, log } = options;
      const bucket = modeOf(component) === 'off' ? undefined : sessionBucket(environment(component));
      if (bucket === undefined || retention === 'off') return undefined;
      return stages!.startRetention({ store: local ?? store, bucket, leases, retention, log });
    },
    sessions(component, leases) {
      const bucket = modeOf(component) === 'off' ? undefined : sessionBucket(environment(component));
      if (bucket === undefined) return undefined;
      return { bucket, turns: createSessionTurns({ queue: editQueue, leases, bucket, timeout }) };
    },
    describe: (component, storeUrl) =>
      modeOf(component) === 'off' ? undefined : describeSessions(environment(component), storeUrl),
    finishTasks: async (limit) => tasks?.close(limit),
  };
}

/**
 * An address in the form that headers can carry, without a trailing slash: users write line breaks and names beyond ASCII.
 * Undefined for a text that is not an address, which the check of the options refuses.
 */
function addressOf(text: string): string | undefined {
  return URL.parse(text)?.href.replace(/\/+$/, '');
}

const NO_PRINCIPALS =
  '--state principal without WASMCP_AUTH_MODE=oauth: tokens are not checked, so clients of MCP 2026-07-28 have no state';
