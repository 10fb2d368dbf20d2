import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { NodeHandler } from './node-adapter.ts';

/** The connections of a listener and the responses that each of them still has to carry. */
export interface Connections {
  accept(socket: Socket): void;
  /** Hands a request to `serve`, once its connection has a place for it. */
  enter(request: IncomingMessage, response: ServerResponse, serve: NodeHandler): void;
  /** Whether a response is still to leave on it. */
  isBusy(socket: Socket): boolean;
  /** From now on the last answer of each connection says so, and ends it. */
  close(): void;
  /** Ends those that carry nothing, once `close` was called. */
  endIdle(): void;
  /** Ends all at once. */
  cut(): void;
}

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Milliseconds after which a body that is still arriving counts as one that does not get on. */
  readonly bodyTimeout: number;
}

/** Requests of one connection that are worked on at a time. Further ones wait, and no more are read. */
const PIPELINE_SHARE = 64;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serve: NodeHandler;
}

/** Outlives its socket in the tables that a `Set` leaves behind, and lets go of it for that. */
interface Connection {
  socket: Socket | undefined;
  /** That have not left yet, in the order of their requests. */
  readonly responses: ServerResponse[];
  /** Requests beyond its share. */
  waiting: Waiting[] | undefined;
  /** Counted up with each connection that becomes idle. */
  idleSince: number;
  /** Bytes that were read of it by then. */
  readByThen: number;
  /** When its last body began to arrive, in milliseconds of `performance.now()`. */
  uploadingSince: number;
}

export function createConnections({ maxConnections, bodyTimeout }: ConnectionLimits): Connections {
  const open = new Set<Connection>();
  const bySocket = new WeakMap<Socket, Connection>();
  let closing = false;
  let count = 0;

  function leave(connection: Connection, response: ServerResponse): void {
    const { socket, responses, waiting } = connection;
    responses.splice(responses.indexOf(response), 1);
    if (socket === undefined) return;
    if (waiting !== undefined) {
      const next = waiting.shift()!;
      if (waiting.length === 0) {
        connection.waiting = undefined;
        socket.resume();
      }
      next.serve(next.request, next.response);
    } else if (responses.length === 0) {
      connection.idleSince = count++;
      connection.readByThen = socket.bytesRead;
      if (closing) socket.end();
    }
  }

  /** Makes room for a new connection, if it can. */
  function evictFor(newest: Connection): boolean {
    const victim = longestIdle(newest) ?? longestUploading();
    if (victim === undefined) return false;
    open.delete(victim);
    victim.socket?.destroy();
    return true;
  }

  function longestIdle(newest: Connection): Connection | undefined {
    let found: Connection | undefined;
    for (const one of open) {
      if (one === newest || one.responses.length > 0 || one.socket === undefined) continue;
      // The head of a request is arriving; its time is short.
      if (one.socket.bytesRead !== one.readByThen) continue;
      if (found === undefined || one.idleSince < found.idleSince) found = one;
    }
    return found;
  }

  /** Slow bodies must not keep everybody else out. */
  function longestUploading(): Connection | undefined {
    let found: Connection | undefined;
    const late = performance.now() - bodyTimeout;
    for (const one of open) {
      const [response] = one.responses;
      if (response === undefined || response.headersSent || !isUploading(response.req)) continue;
      if (one.uploadingSince < (found?.uploadingSince ?? late)) found = one;
    }
    return found;
  }

  return {
    accept(socket) {
      const connection: Connection = {
        socket,
        responses: [],
        waiting: undefined,
        idleSince: count++,
        readByThen: 0,
        uploadingSince: 0,
      };
      if (open.size >= maxConnections && !evictFor(connection)) {
        socket.destroy();
        return;
      }
      open.add(connection);
      bySocket.set(socket, connection);
      // Node reads on whenever a request of the connection is done with.
      socket.on('resume', () => {
        if (connection.waiting !== undefined) socket.pause();
      });
      socket.on('close', () => {
        connection.socket = undefined;
        connection.responses.length = 0;
        connection.waiting = undefined;
        open.delete(connection);
      });
    },
    enter(request, response, serve) {
      const { socket } = request;
      const connection = bySocket.get(socket);
      // Nobody is there any more.
      if (connection?.socket === undefined) return;
      const { responses } = connection;
      const before = responses.at(-1);
      // It is not the last one any more.
      if (closing && before?.headersSent === false) before.shouldKeepAlive = true;
      responses.push(response);
      if (isUploading(request)) connection.uploadingSince = performance.now();
      if (closing) announceEnd(connection);
      response.on('close', () => leave(connection, response));
      if (responses.length <= PIPELINE_SHARE) return serve(request, response);
      connection.waiting ??= [];
      connection.waiting.push({ request, response, serve });
      socket.pause();
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

/**
 * Has the last answer tell that no request is read behind it (RFC 9112 section 9.6), or a client would send one in vain.
 * Not before the whole request is here: node closes at once after such an answer, and what came later would reset it.
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
