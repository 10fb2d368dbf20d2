import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A real server on a free loopback port, closed at the end of the test. */
export interface TestServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** The number of connections accepted so far, and of those still open. */
  readonly accepted: number;
  readonly open: number;
  /** Settles once no connection is open. */
  idle(): Promise<void>;
}

export async function httpServer(listener: RequestListener): Promise<TestServer> {
  return listening(createHttpServer({ keepAliveTimeout: 60_000 }, listener));
}

/** A server that sends whatever `listener` writes, and reads unless `listener` pauses the socket. */
export async function tcpServer(listener: (socket: Socket) => void): Promise<TestServer> {
  return listening(createTcpServer((socket) => listener(socket.resume())));
}

export async function listening(server: Server | HttpServer, scheme = 'http'): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      server.emit('emptied');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    async idle() {
      while (sockets.size > 0) await once(server, 'emptied');
    },
  };
}

/** A port that nothing listens on, for a program that cannot choose one. */
export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
