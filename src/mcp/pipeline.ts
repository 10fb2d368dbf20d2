import { compose, type Middleware } from '../http/compose.ts';
import { withBothEras } from './both-eras.ts';
import { withAccept } from './edge/accept.ts';
import { withEventStreams } from './edge/event-stream.ts';
import { withFacts } from './edge/facts.ts';
import { createInitialize, withInitialize } from './edge/initialize.ts';
import { withInputWait } from './edge/input-wait.ts';
import { createSessionOpener } from './edge/open-session.ts';
import { createPendingInputs } from './edge/pending-inputs.ts';
import { withMessages } from './edge/read-message.ts';
import type { SessionLeases } from './edge/session-lease.ts';
import { createSessionOwners } from './edge/session-owners.ts';
import type { SessionQueue } from './edge/session-queue.ts';
import { withSessionUse } from './edge/session-use.ts';
import type { Delivery, MessageHandler } from './edge/stages.ts';
import { endsSession, withTerminate } from './edge/terminate.ts';
import { withVerifiedDelete, withVerifiedOwner } from './edge/verify-session-owner.ts';
import { withSessionQueue } from './edge/wait-in-queue.ts';
import type { ModernOptions } from './modern/edge.ts';
import { withChallenge } from './oauth/challenge.ts';
import { withDiscovery } from './oauth/discovery.ts';

export { createServerTasks } from './modern/tasks/service.ts';
export { startRetention } from './sessions/retention.ts';

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

export interface McpStages {
  readonly sseKeepAlive: number | 'off';
  /** Called with the session of each request that has finished. */
  readonly sessionUsed: ((session: string) => void) | undefined;
  /** Returns the server's address as far as it knows it; undefined if the guest knows it. */
  readonly ownUrl: (() => string) | undefined;
  readonly publicUrl: string | undefined;
  readonly eras: ModernOptions;
  readonly sessions: SessionOptions;
}

/** The stages between MCP clients and the guests. */
export function mcpStages({
  sseKeepAlive,
  sessionUsed,
  ownUrl,
  publicUrl,
  eras,
  sessions,
}: McpStages): Middleware {
  return compose(
    withEventStreams(sseKeepAlive),
    withFacts(),
    ...(sessionUsed ? [withSessionUse(sessionUsed)] : []),
    withDiscovery(ownUrl),
    withChallenge(publicUrl),
    withBothEras(eras, withSessions(sessions)),
  );
}
