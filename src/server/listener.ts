import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { WasmcpError } from '../../host/index.ts';
import { createServer } from './http.ts';
import type { NodeFront } from './node.ts';

/** A bound port. */
export interface Listener {
  /** Such as `http://127.0.0.1:8080/`. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** Refuses new connections, ends the others with their last answers, which say so; settles when all are gone. */
  close(): Promise<void>;
  /** Ends all connections at once. */
  cut(): void;
}

export interface ListenOptions {
  readonly port: number;
  readonly host: string;
  readonly maxConnections: number;
  /** Of the command, to name in messages; `--addr` by default. */
  readonly flag?: string;
}

/** Outlives its socket in the tables that a `Set` leaves behind, and lets go of it for that. */
interface OpenConnection {
  socket: Socket | undefined;
  /** That have not left yet, in the order of their requests. */
  readonly responses: ServerResponse[];
}

const HEADER_LIMIT = 16 * 1024;
const HEADER_TIME = 10_000;
/** Milliseconds before an idle connection is ended when closing: a request may have arrived and wait to be read. */
const IDLE_GRACE = 50;
/** How often node looks for connections over their time; its own default of 30 s makes shorter limits meaningless. */
const CHECK_INTERVAL = 1000;
/** Milliseconds that a client has to take the answer to a CONNECT and to close. */
const LINGER = 1000;

/** @throws WasmcpError `address-unusable` */
export async function openListener(front: NodeFront, options: ListenOptions): Promise<Listener> {
  const http = createServer({
    maxHeaderSize: HEADER_LIMIT,
    headersTimeout: HEADER_TIME,
    connectionsCheckingInterval: CHECK_INTERVAL,
  });
  http.maxConnections = options.maxConnections;
  // Node would leave out what comes after the 2,000th: a second Host, say. Their size is limited anyway.
  http.maxHeadersCount = 0;
  const open = new Set<OpenConnection>();
  const bySocket = new WeakMap<Socket, OpenConnection>();
  let closing: Promise<void> | undefined;

  function enter(request: IncomingMessage, response: ServerResponse): void {
    const connection = bySocket.get(request.socket);
    if (connection?.socket === undefined) return;
    const { responses } = connection;
    const before = responses.at(-1);
    // It is not the last one any more.
    if (closing !== undefined && before?.headersSent === false) before.shouldKeepAlive = true;
    responses.push(response);
    if (closing !== undefined) announceEnd(connection);
    response.on('close', () => leave(connection, response));
  }

  function leave({ socket, responses }: OpenConnection, response: ServerResponse): void {
    responses.splice(responses.indexOf(response), 1);
    if (closing !== undefined && responses.length === 0) socket?.end();
  }

  http.on('connection', (socket) => {
    const connection: OpenConnection = { socket, responses: [] };
    open.add(connection);
    bySocket.set(socket, connection);
    socket.on('close', () => {
      connection.socket = undefined;
      connection.responses.length = 0;
      open.delete(connection);
    });
  });
  // Before an answer begins.
  http.on('request', enter).on('checkContinue', enter);
  http.on('request', front.handler).on('checkContinue', front.continueHandler);

  // Node would close without a word. This is no proxy (RFC 9110 section 9.3.6).
  http.on('connect', (request, socket) => {
    // Node has let go of the socket: an error that nobody hears would end the process, and nothing limits its time.
    socket.on('error', () => {}).resume();
    // An answer would be taken for that of the request before.
    if (bySocket.get(request.socket)?.responses.length !== 0) {
      socket.destroy();
      return;
    }
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    const timer = setTimeout(() => socket.destroy(), LINGER).unref();
    socket.once('close', () => clearTimeout(timer));
  });

  await bind(http, options);
  const { address, family, port } = http.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`,
    address,
    port,
    close() {
      closing ??= new Promise((resolve) => {
        for (const connection of open) announceEnd(connection);
        const grace = setTimeout(() => {
          for (const { socket, responses } of open) if (responses.length === 0) socket?.end();
        }, IDLE_GRACE);
        // Not http's own close: it takes a connection for idle, and destroys it, while the end of a response waits
        // for a slow reader. Once all are gone, that one stops node's timer for connections over their time.
        NetServer.prototype.close.call(http, () => {
          clearTimeout(grace);
          http.close(() => resolve());
        });
      });
      return closing;
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
function announceEnd(connection: OpenConnection): void {
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

function bind(http: NetServer, { port, host, flag = '--addr' }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `is in use already: stop what listens there, or choose another with ${flag} (port 0 picks a free one)`,
        EACCES: `may not be used by this user: choose a port above 1023 with ${flag}`,
        EADDRNOTAVAIL: `is no address of this machine: choose another with ${flag}`,
        ENOTFOUND: `is no known host: choose another with ${flag}`,
      };
      const reason = reasons[error.code ?? ''] ?? `cannot be listened on (${error.message})`;
      reject(new WasmcpError('address-unusable', `${host}:${port} ${reason}`, { cause: error }));
    });
    http.listen(port, host, resolve);
  });
}
