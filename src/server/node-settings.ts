import type { IncomingMessage, ServerOptions as NodeOptions, Server, ServerResponse } from 'node:http';

/** Bytes of a request's head. */
const HEADER_LIMIT = 16 * 1024;
/** Milliseconds for it: from the connection on, or from its first byte on one that is used again. */
const HEADER_TIME = 10_000;
/** How often node looks for connections over their time; its own default of 30 s makes shorter limits meaningless. */
const CHECK_INTERVAL = 1000;
/** Milliseconds beyond what `Keep-Alive: timeout` says: a request that leaves the client at the last moment is taken. */
const KEEP_ALIVE_BUFFER = 1000;
/** Milliseconds of silence after which the system asks whether the other side is still there. */
const PROBE_AFTER = 60_000;
/** Connections that the system keeps until they are accepted: a burst as large as the limit of connections. */
export const BACKLOG = 1024;

/**
 * Every setting of `node:http` and `node:net` for a server, chosen here and nowhere else; `docs/limits.md` says what each one
 * means for clients. `keepAlive` is in milliseconds.
 */
export function nodeSettings(keepAlive: number): Required<Omit<NodeOptions, Unset>> {
  return {
    maxHeaderSize: HEADER_LIMIT,
    headersTimeout: HEADER_TIME,
    connectionsCheckingInterval: CHECK_INTERVAL,
    // Node's 5 s are less than what proxies keep connections for: the next request meets a closing one, and is lost.
    keepAliveTimeout: keepAlive,
    keepAliveTimeoutBuffer: KEEP_ALIVE_BUFFER,
    // How long a body may take depends on its size: `--body-timeout` ends those that do not get on.
    requestTimeout: 0,
    // Whatever `NODE_OPTIONS` say: what the parser forgives is where request smuggling starts.
    insecureHTTPParser: false,
    requireHostHeader: true,
    // Guests get fields as they were sent, repeated ones repeated.
    joinDuplicateHeaders: false,
    // There are no upgrades: such a request is answered like any other (RFC 9110 section 7.8).
    shouldUpgradeCallback: () => false,
    // Guests may write a body where HTTP has none; it is left out.
    rejectNonStandardBodyWrites: false,
    // Those who mount the handler in a framework see the same stream for every request.
    optimizeEmptyRequests: false,
    // Streams leave piece by piece.
    noDelay: true,
    // A client whose machine is gone would hold its stream, and its guest, for ever.
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER,
    highWaterMark: 64 * 1024,
  };
}

/** What has no other value to choose: classes of messages, and fields of responses that guests must not repeat. */
type Unset = 'IncomingMessage' | 'ServerResponse' | 'uniqueHeaders' | 'httpValidation';

/** What node takes as properties alone. */
export function applySettings(http: Server<typeof IncomingMessage, typeof ServerResponse>): void {
  // Streams may be silent for longer than requests: `--timeout` and `--stream-idle` end what does not get on.
  http.timeout = 0;
  // Node would leave out what comes after the 2,000th: a second Host, say. Their size is limited anyway.
  http.maxHeadersCount = 0;
  // A proxy that is answered with 503 after so many requests would lose them.
  http.maxRequestsPerSocket = 0;
}
