import { Client, type Dispatcher } from 'undici';
import type { Connector } from './connector.ts';
import type { Destination } from './destination.ts';

/** How many connections wait for a next request, and how long (ms), unless the server says less. */
const MAX_IDLE = 64;
const IDLE_TIME = 4000;
const LONGEST_IDLE_TIME = 30_000;
/** Largest head of a response, in bytes. */
const MAX_HEAD = 64 * 1024;

/** A connection to one server, for one request at a time. */
export interface Connection {
  /** It has served a request before; the server may have closed it meanwhile. */
  readonly reused: boolean;
  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** The exchange is complete: the connection waits for the next one, if it stands. */
  release(): void;
  destroy(reason: Error): void;
}

/** The connections to all servers. */
export interface Connections {
  /** An idle one to this origin, or a new one; always a new one when `fresh`. */
  take(destination: Destination, fresh?: boolean): Connection;
  close(): Promise<void>;
}

/**
 * One undici client per connection: a client can then be ended while it still connects, which a request in
 * undici's own pools cannot.
 */
export function createConnections(connect: Connector): Connections {
  const idle = new Map<Connection, string>();
  const open = new Map<Connection, Client>();
  let closed = false;

  function create(destination: Destination): Connection {
    const connecting = new AbortController();
    let served = 0;
    const client = new Client(destination.origin, {
      connect(_options, callback) {
        connect(destination, connecting.signal).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_TIME,
      keepAliveMaxTimeout: LONGEST_IDLE_TIME,
      maxHeaderSize: MAX_HEAD,
    });
    const connection: Connection = {
      get reused() {
        return served > 0;
      },
      send(request, handler) {
        client.dispatch(request, handler);
      },
      release() {
        served += 1;
        if (idle.size < MAX_IDLE && open.has(connection)) idle.set(connection, destination.origin);
        else connection.destroy(new Error('too many idle connections'));
      },
      destroy(reason) {
        idle.delete(connection);
        open.delete(connection);
        connecting.abort(reason);
        void client.destroy(reason);
      },
    };
    client.on('disconnect', (_origin, _targets, error) => {
      if (idle.has(connection)) connection.destroy(error);
    });
    open.set(connection, client);
    if (closed) connection.destroy(new Error('closed'));
    return connection;
  }

  return {
    take(destination, fresh = false) {
      if (!fresh) {
        for (const [connection, origin] of idle) {
          if (origin !== destination.origin) continue;
          idle.delete(connection);
          return connection;
        }
      }
      return create(destination);
    },
    async close() {
      closed = true;
      const clients = [...open.values()];
      for (const connection of [...open.keys()]) connection.destroy(new Error('closed'));
      await Promise.all(clients.map((client) => client.destroy()));
    },
  };
}
