import type { IncomingMessage, ServerOptions as NodeOptions, Server, ServerResponse } from 'node:http';

/** Bytes of a request's head. */
const HEADER_LIMIT = 16 * 1024;
/** Milliseconds for the head: from the start of the connection, or from its first byte on a reused one. */
const HEADER_TIME = 10_000;
/** Milliseconds between Node's checks for expired connections; its default of 30 s makes shorter limits meaningless. */
const CHECK_INTERVAL = 1000;
/** Milliseconds beyond the announced `Keep-Alive: timeout`, for a request that the client sends at the last moment. */
const KEEP_ALIVE_BUFFER = 1000;
/** Milliseconds of silence after which the system probes whether the peer is still there. */
const PROBE_AFTER = 60_000;
/** Connections that the system queues until they are accepted: a burst as large as the connection limit. */
export const BACKLOG = 1024;

/**
 * Every setting of `node:http` and `node:net` for a server, all chosen here; `docs/limits.md` describes what they mean for
 * clients. `keepAlive` is in milliseconds.
 */
export function nodeSettings(keepAlive: number): Required<Omit<NodeOptions, Unset>> {
  return {
    maxHeaderSize: HEADER_LIMIT,
    headersTimeout: HEADER_TIME,
    connectionsCheckingInterval: CHECK_INTERVAL,
    // Node's 5 s are shorter than a proxy's timeout: its next request would meet a closing connection and be lost.
    keepAliveTimeout: keepAlive,
    keepAliveTimeoutBuffer: KEEP_ALIVE_BUFFER,
    // How long a body takes depends on its size: `--body-timeout` ends stalled ones.
    requestTimeout: 0,
    // Regardless of `NODE_OPTIONS`: a lenient parser makes request smuggling possible.
    insecureHTTPParser: false,
    requireHostHeader: true,
    // Guests get fields as they were sent, including repeated ones.
    joinDuplicateHeaders: false,
    // Upgrades are not supported: such a request is served like any other (RFC 9110 section 7.8).
    shouldUpgradeCallback: () => false,
    // Guests may write a body where HTTP has none; it is omitted.
    rejectNonStandardBodyWrites: false,
    // The same stream for every request, as frameworks that mount the handler expect.
    optimizeEmptyRequests: false,
    // Streams are sent piece by piece.
    noDelay: true,
    // A client whose machine has vanished would keep its stream and its guest forever.
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER,
    highWaterMark: 64 * 1024,
  };
}

/** Settings without an alternative: classes of messages, and response fields that guests must not repeat. */
type Unset = 'IncomingMessage' | 'ServerResponse' | 'uniqueHeaders' | 'httpValidation';

/** Settings that Node accepts as properties only. */
export function applySettings(http: Server<typeof IncomingMessage, typeof ServerResponse>): void {
  // Streams may be silent for longer than requests: `--timeout` and `--stream-idle` end stalled ones.
  http.timeout = 0;
  // Node would drop fields after the 2,000th, for example a second Host. Their size is limited anyway.
  http.maxHeadersCount = 0;
  // Node would respond with 503 beyond the limit, so a proxy would lose requests.
  http.maxRequestsPerSocket = 0;
}
