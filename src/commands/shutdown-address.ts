import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { WasmcpError } from '../../host/index.ts';
import type { Address } from '../options/types.ts';

/** A port that stops the server when a client connects to it. */
export interface ShutdownAddress {
  /** Such as `tcp://127.0.0.1:9000/`. */
  readonly url: string;
  /** Resolves with the first connection. */
  readonly requested: Promise<void>;
  close(): void;
}

/** @throws WasmcpError `address-unusable` */
export async function openShutdownAddress({ host, port }: Address): Promise<ShutdownAddress> {
  const requested = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.destroy();
    server.close();
    requested.resolve();
  });
  try {
    // By itself it does not keep the process alive.
    server.unref().listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const reason = (error as Error).message;
    throw new WasmcpError('address-unusable', `--shutdown-addr ${host}:${port} cannot be used: ${reason}`, {
      cause: error,
    });
  }
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `tcp://${family === 'IPv6' ? `[${address}]` : address}:${bound}/`,
    requested: requested.promise,
    close: () => void server.close(),
  };
}
