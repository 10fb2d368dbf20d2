import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createIdleWatch, type IdleWatch } from './idle-watch.ts';
import type { NodeHandler } from './node-adapter.ts';

/** The connections of a listener and the responses that are still to be sent on each of them. */
export interface Connections {
  accept(socket: Socket): void;
  /** The accepted `raw` carries the requests of `secure`. */
  secured(raw: Socket, secure: Socket): void;
  /** Passes a request to `serve` once its connection has a free place. */
  enter(request: IncomingMessage, response: ServerResponse, serve: NodeHandler): void;
  /** Whether a response is still to be sent on it. */
  isBusy(socket: Socket): boolean;
  /** From now on the last response of each connection announces the end (`Connection: close`). */
  close(): void;
  /** Ends idle connections, after `close`. */
  endIdle(): void;
  /** Ends all connections immediately. */
  cut(): void;
}

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Milliseconds after which a body that is still arriving counts as stalled. */
  readonly bodyTimeout: number;
}

/** Requests of one connection that are served at a time. Further ones wait, and the connection is not read meanwhile. */
const PIPELINE_SHARE = 64;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serve: NodeHandler;
}

/** Outlives its socket, as replaced tables of a `Set` still refer to it; so it releases the socket. */
interface Connection {
  socket: Socket | undefined;
  /** Not completely sent yet, in the order of their requests. */
  readonly responses: ServerResponse[];
  /** Requests beyond `PIPELINE_SHARE`. */
  waiting: Waiting[] | undefined;
  /** A counter that increases whenever a connection becomes idle. */
  idleSince: number;
  /** `bytesRead` of the socket at that time. */
  bytesReadWhenIdle: number;
  /** The last request with a body, and when that began to arrive, by `performance.now()`. */
  upload: IncomingMessage | undefined;
  uploadingSince: number;
}

export function createConnections(
  { maxConnections, bodyTimeout }: ConnectionLimits,
  idleWatch: IdleWatch = createIdleWatch(),
): Connections {
  const open = new Set<Connection>();
  const bySocket = new WeakMap<Socket, Connection>();
  let closing = false;
  let count = 0;

  function leave(connection: Connection, response: ServerResponse): void {
    const { socket, responses, waiting } = connection;
    idleWatch.leave();
    responses.splice(responses.indexOf(response), 1);
    if (socket === undefined) return;
    if (waiting !== undefined) serveNext(connection, waiting);
    else if (responses.length === 0) {
      connection.idleSince = count++;
      connection.bytesReadWhenIdle = socket.bytesRead;
      if (closing) socket.end();
    }
  }

  /** Makes room for a new connection, if possible. */
  function evictFor(newest: Connection): boolean {
    const victim =
      closedOne(open) ?? longestIdle(open, newest) ?? longestUploading(open, performance.now() - bodyTimeout);
    if (victim === undefined) return false;
    open.delete(victim);
    victim.socket?.destroy();
    return true;
  }

  function carry(connection: Connection, socket: Socket): void {
    bySocket.set(socket, connection);
    // Node resumes reading whenever a request of the connection is complete.
    socket.on('resume', () => {
      if (connection.waiting !== undefined) socket.pause();
    });
  }

  return {
    accept(socket) {
      const connection = newConnection(socket, count++);
      if (open.size >= maxConnections && !evictFor(connection)) {
        socket.destroy();
        return;
      }
      idleWatch.touch();
      open.add(connection);
      carry(connection, socket);
      socket.on('close', () => {
        release(connection);
        open.delete(connection);
      });
    },
    secured(raw, secure) {
      const connection = bySocket.get(raw);
      if (connection?.socket === undefined) return;
      connection.socket = secure;
      connection.bytesReadWhenIdle = secure.bytesRead;
      carry(connection, secure);
    },
    enter(request, response, serve) {
      const { socket } = request;
      const connection = bySocket.get(socket);
      // The client has disconnected.
      if (connection?.socket === undefined) return;
      const { responses } = connection;
      const before = responses.at(-1);
      // It is no longer the last one.
      if (closing && before?.headersSent === false) before.shouldKeepAlive = true;
      responses.push(response);
      idleWatch.enter();
      if (isUploading(request)) {
        connection.upload = request;
        connection.uploadingSince = performance.now();
      }
      if (closing) announceEnd(connection);
      response.on('close', () => leave(connection, response));
      if (responses.length <= PIPELINE_SHARE) return serve(request, response);
      hold(connection, { request, response, serve });
    },
    isBusy: (socket) => bySocket.get(socket)?.responses.length !== 0,
    close() {
      closing = true;
      for (const connection of open) announceEnd(connection);
    },
    endIdle() {
      for (const { socket, responses } of open) if (responses.length === 0) socket?.end();
    },
    cut() {
      for (const { socket } of open) socket?.destroy();
    },
  };
}

function newConnection(socket: Socket, idleSince: number): Connection {
  return {
    ...{ socket, responses: [], waiting: undefined, idleSince, bytesReadWhenIdle: 0 },
    ...{ upload: undefined, uploadingSince: 0 },
  };
}

function release(connection: Connection): void {
  connection.socket = undefined;
  connection.responses.length = 0;
  connection.waiting = undefined;
  connection.upload = undefined;
}

function hold(connection: Connection, waiting: Waiting): void {
  connection.waiting ??= [];
  connection.waiting.push(waiting);
  connection.socket?.pause();
}

function serveNext(connection: Connection, waiting: Waiting[]): void {
  const next = waiting.shift()!;
  if (waiting.length === 0) {
    connection.waiting = undefined;
    connection.socket?.resume();
  }
  next.serve(next.request, next.response);
}

/** One whose `close` event is still to come, although its client may have seen the end already, and connects again. */
function closedOne(open: ReadonlySet<Connection>): Connection | undefined {
  for (const one of open) if (one.socket?.destroyed) return one;
  return undefined;
}

function longestIdle(open: ReadonlySet<Connection>, newest: Connection): Connection | undefined {
  let found: Connection | undefined;
  for (const one of open) {
    if (one === newest || one.responses.length > 0 || one.socket === undefined) continue;
    // The head of a request is arriving; it has a timeout of its own.
    if (one.socket.bytesRead !== one.bytesReadWhenIdle) continue;
    if (found === undefined || one.idleSince < found.idleSince) found = one;
  }
  return found;
}

/** Slow bodies must not lock out all other clients. A body that began to arrive before `late` has taken too long. */
function longestUploading(open: ReadonlySet<Connection>, late: number): Connection | undefined {
  let found: Connection | undefined;
  for (const one of open) {
    const { upload, responses } = one;
    // The response may be over already, and the rest of the body still arrive.
    if (upload === undefined || upload.complete || responses[0]?.headersSent) continue;
    if (one.uploadingSince < (found?.uploadingSince ?? late)) found = one;
  }
  return found;
}

/**
 * Makes the last response say that no further request is read (RFC 9112 section 9.6); otherwise a client would send one in
 * vain. Waits for the whole request: Node closes right after such a response, and bytes that arrive later would reset it.
 */
function announceEnd(connection: Connection): void {
  const response = connection.responses.at(-1);
  if (response === undefined || response.headersSent) return;
  if (isUploading(response.req)) response.req.prependOnceListener('end', () => announceEnd(connection));
  else response.shouldKeepAlive = false;
}

function isUploading({ complete, headers }: IncomingMessage): boolean {
  return (
    !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
  );
}
