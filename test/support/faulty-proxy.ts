import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tcpServer } from './servers.ts';

/**
 * What a proxy does with its connections: `pass` (forward everything), `cut` (close all, and new ones at once), `drop` (close a
 * connection when the server responds, so that the response is lost), `truncate` (close a connection after half of what
 * the client sends), `mute` (forward requests and hold back responses).
 */
export type Fault = 'pass' | 'cut' | 'drop' | 'truncate' | 'mute';

export interface FaultyProxy {
  readonly port: number;
  /** Applies to all connections, open and new. */
  set(fault: Fault): void;
  /** The same for one connection, then `pass` again. */
  once(fault: 'drop' | 'truncate'): Promise<void>;
}

/** A TCP proxy to a port of this machine, closed at the end of the test. */
export async function faultyProxy(target: number): Promise<FaultyProxy> {
  let current: Fault = 'pass';
  const hits = new EventEmitter();
  const sockets = new Set<Socket>();

  const { port } = await tcpServer((socket) => {
    if (current === 'cut') return void socket.destroy();
    const server = connect(target, '127.0.0.1');
    sockets.add(socket);
    const end = (): void => {
      sockets.delete(socket);
      socket.destroy();
      server.destroy();
    };
    server.on('error', end).on('close', end);
    socket.on('error', end).on('close', end);
    socket.on('data', (part: Buffer) => {
      if (current !== 'truncate') return void server.write(part);
      server.end(part.subarray(0, part.byteLength / 2));
      socket.destroy();
      hits.emit('hit');
    });
    server.on('data', (part) => {
      if (current === 'pass') socket.write(part);
      else if (current === 'drop') {
        end();
        hits.emit('hit');
      }
    });
  });

  function set(fault: Fault): void {
    current = fault;
    if (fault === 'cut') for (const socket of sockets) socket.destroy();
  }

  return {
    port,
    set,
    async once(fault) {
      const hit = once(hits, 'hit');
      set(fault);
      await hit;
      set('pass');
    },
  };
}
