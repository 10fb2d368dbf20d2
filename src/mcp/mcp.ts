import type { LeaseHolder, Store } from '../../host/index.ts';
import type { Component } from '../component/component.ts';
import { compose, type Middleware } from '../http/compose.ts';
import { withBothEras } from './both-eras.ts';
import {
  authorizes,
  describeSessions,
  guestDefaults,
  guestOrigins,
  probeBucket,
  sessionBucket,
} from './defaults.ts';
import { withAccept } from './edge/accept.ts';
import { withoutContradictions } from './edge/contradictory.ts';
import { withEventStreams } from './edge/event-stream.ts';
import { withFacts } from './edge/facts.ts';
import { createInitialize, withInitialize } from './edge/initialize.ts';
import { withInputWait } from './edge/input-wait.ts';
import { createSessionOpener } from './edge/open-session.ts';
import { createPendingInputs } from './edge/pending-inputs.ts';
import { withMessages } from './edge/read-message.ts';
import type { SessionLeases } from './edge/session-lease.ts';
import { createSessionOwners } from './edge/session-owners.ts';
import { createSessionQueue, type SessionQueue } from './edge/session-queue.ts';
import { createSessionTurns, type SessionTurns } from './edge/session-turns.ts';
import { withSessionUse } from './edge/session-use.ts';
import type { Delivery, MessageHandler } from './edge/stages.ts';
import { endsSession, withTerminate } from './edge/terminate.ts';
import { withVerifiedDelete, withVerifiedOwner } from './edge/verify-session-owner.ts';
import { withSessionQueue } from './edge/wait-in-queue.ts';
import { looksLikeMcp } from './looks-like-mcp.ts';
import type { StateOptions } from './modern/state/options.ts';
import { createServerTasks } from './modern/tasks/service.ts';
import { withChallenge } from './oauth/challenge.ts';
import { withDiscovery } from './oauth/discovery.ts';
import { authProblems } from './oauth/settings.ts';
import type { McpSettings } from './options.ts';
import { type Retention, startRetention } from './sessions/retention.ts';

/** The store as the edge uses it. */
interface EngineStore {
  readonly ownStore: Store;
  readonly leases: LeaseHolder | undefined;
}

/** MCP's part of a server. Does nothing for components that are not MCP servers. */
export interface Mcp {
  /** The environment of guests, with what a wasmcp server needs where the user did not set it. */
  environment(component: Component): Readonly<Record<string, string>>;
  /** Origins that the guest's environment allows. */
  origins(component: Component): readonly string[];
  /** The stages between MCP clients and the guests. */
  withMcp(component: Component, engine: EngineStore): Middleware;
  /**
   * Logs why tokens cannot be checked.
   *
   * @throws WasmcpError `store-*`, `bucket-*`: sessions could not be kept
   */
  probe(component: Component, local: Store | undefined): Promise<void>;
  /**
   * Starts to purge old sessions. Returns undefined when no sessions are kept, or all are kept forever. `local` is the store
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

export interface SessionOptions {
  readonly mode: 'guide' | 'strict';
  /** Where requests of one session wait for each other; without it they run as they arrive. */
  readonly queue: SessionQueue | undefined;
  /** Where they wait for requests on other hosts; undefined if no other host can use the store. */
  readonly leases?: SessionLeases | undefined;
  /** Milliseconds from the arrival of a request until its turn must have come. */
  readonly timeout: number;
  /** Milliseconds that a guest may wait for a response of its client. */
  readonly inputWait: number;
}

/**
 * The path of a client's request to a guest that speaks Streamable HTTP. A stage acts on what a message says of itself; the
 * guest gets the client's bytes.
 */
export function withSessions({ mode, queue, leases, timeout, inputWait }: SessionOptions): Middleware {
  return (guest) => {
    const guide = mode === 'guide';
    const owners = createSessionOwners(queue);
    const inputs = createPendingInputs(inputWait);
    const initialize = createInitialize(guest);
    const opener = createSessionOpener(guest, initialize, owners);

    /** The last step of a message: the client's own request goes to the guest. */
    const deliver = compose<Delivery>(
      withInputWait(inputs, inputWait),
      withSessionQueue({ queue, leases, owners, timeout }),
    )(({ request, target }) => guest(request, target));

    const handleMessage = compose<MessageHandler>(
      ...(guide ? [withAccept] : []),
      withoutContradictions,
      withVerifiedOwner(guest, owners, guide ? endsSession : () => false),
      withInitialize(initialize, opener.observe),
      ...(guide ? [withTerminate(guest), opener.stage] : []),
    )((message) => message.sequence.last(() => deliver(message)));

    return compose(
      withVerifiedDelete,
      withMessages(handleMessage, {
        session: (request) => guide && opener.appliesTo(request),
        responseId: inputs.includes,
      }),
    )(guest);
  };
}

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
  const tasks = createServerTasks(options);
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
    withMcp(component, { ownStore, leases: holder }) {
      const mode = modeOf(component);
      if (mode === 'off') return (next) => next;
      const named = publicUrl !== undefined || env.WASMCP_SERVER_URI !== undefined;
      const bucket = sessionBucket(environment(component));
      const leases = holder && bucket !== undefined ? { holder, bucket } : undefined;
      return compose(
        withEventStreams(options.sseKeepAlive),
        withFacts(),
        ...(sessionUsed && bucket !== undefined ? [withSessionUse(sessionUsed)] : []),
        withDiscovery(named ? undefined : ownUrl),
        withChallenge(publicUrl),
        withBothEras(
          {
            authorizes: authorizes(environment(component)),
            state: stateOf(component),
            store: ownStore,
            tasks: mode === 'guide' ? tasks.in(ownStore, holder) : undefined,
            inputWait,
          },
          withSessions({ mode, queue, leases, timeout, inputWait }),
        ),
      );
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
      return startRetention({ store: local ?? store, bucket, leases, retention, log });
    },
    sessions(component, leases) {
      const bucket = modeOf(component) === 'off' ? undefined : sessionBucket(environment(component));
      if (bucket === undefined) return undefined;
      return { bucket, turns: createSessionTurns({ queue: editQueue, leases, bucket, timeout }) };
    },
    describe: (component, storeUrl) =>
      modeOf(component) === 'off' ? undefined : describeSessions(environment(component), storeUrl),
    finishTasks: tasks.close,
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
