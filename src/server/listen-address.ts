import { resolve } from 'node:path';
import { WasmcpError } from '../../host/index.ts';
import type { Address, ListenAddress, UnixAddress } from '../options/types.ts';
import type { InheritedSocket } from './inherited-socket.ts';

/** Bytes of a Unix socket's path: `sun_path` of macOS without its terminating zero; Linux has four more. */
const MAX_PATH = 103;
/** Permissions of a Unix socket if none are given: only the user who runs the server may connect. */
const DEFAULT_MODE = 0o600;

/** `unix:PATH`, or `unix:PATH?mode=660` with the permissions as `chmod` takes them. */
const UNIX = /^unix:([^?]+)(?:\?mode=(0?[0-7]{3}))?$/;

/** An address to listen on, or a socket that listens already. */
export type ListenTarget = ListenAddress | InheritedSocket;

export function isUnix(address: ListenAddress): address is UnixAddress {
  return 'path' in address;
}

/**
 * `127.0.0.1:8080`, `localhost:0`, `[::1]:8080`; the port is required and at most 65535.
 *
 * @throws WasmcpError `option-invalid`
 */
export function parseAddress(text: string): Address {
  return parseTcp(text, 'Write host:port, such as 127.0.0.1:8080 or [::1]:0.');
}

/**
 * As `parseAddress`, or a Unix socket.
 *
 * @throws WasmcpError `option-invalid`
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) return parseUnix(text);
  return parseTcp(text, 'Write host:port, such as 127.0.0.1:8080 or [::1]:0, or unix:/run/mcp.sock.');
}

/** In the form that `parseListenAddress` reads. */
export function formatAddress(address: ListenAddress): string {
  if (isUnix(address)) return `unix:${address.path}`;
  const { host, port } = address;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseTcp(text: string, remedy: string): Address {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw new WasmcpError('option-invalid', remedy);
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port };
}

function parseUnix(text: string): UnixAddress {
  const [, name, mode] = UNIX.exec(text) ?? [];
  if (name === undefined || name.includes('\0')) {
    throw new WasmcpError('option-invalid', 'Write unix:/run/mcp.sock, or unix:/run/mcp.sock?mode=660.');
  }
  const path = resolve(name);
  if (Buffer.byteLength(path) > MAX_PATH) {
    throw new WasmcpError(
      'option-invalid',
      `${path} is too long for a Unix socket: ${MAX_PATH} bytes at most.`,
    );
  }
  return { path, mode: mode === undefined ? DEFAULT_MODE : Number.parseInt(mode, 8) };
}
