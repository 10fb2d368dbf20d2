import type { Socket } from 'node:net';

/** Resolves once the connection is closed, by a reset as well, with which `once` of `node:events` would reject. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {}).resume();
  return socket.closed
    ? Promise.resolve()
    : new Promise((resolve) => void socket.once('close', () => resolve()));
}
