import { isLoopback, WasmcpError } from '../../../host/index.ts';
import { parseAuthority, portOf } from './authority.ts';

/** Who may be named by `Host`, and whose pages by `Origin`. Compared whole, in the one spelling that `URL` gives. */
export interface AllowList {
  /** Whether any name will do. */
  readonly anyHost: boolean;
  readonly anyOrigin: boolean;
  hasHost(url: URL): boolean;
  /** `origin` as `parseOrigin` spells it. */
  hasOrigin(origin: string): boolean;
}

/** A serialized origin (RFC 6454 section 6.2), of any scheme: `scheme://host[:port]` and nothing behind it. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/i;

/**
 * Hosts with a port allow that one, hosts without any; `*` allows everything.
 *
 * @throws WasmcpError `option-invalid`
 */
export function createAllowList(hosts: readonly string[], origins: readonly string[]): AllowList {
  const hostSet = new Set(hosts.map(parseAllowedHost));
  const originSet = new Set(origins.map(parseAllowedOrigin));
  const anyHost = hostSet.has('*');
  const anyOrigin = originSet.has('*');
  return {
    anyHost,
    anyOrigin,
    hasHost: (url) => anyHost || hostSet.has(url.hostname) || hostSet.has(`${url.hostname}:${portOf(url)}`),
    hasOrigin: (origin) => anyOrigin || originSet.has(origin),
  };
}

/** @throws WasmcpError `option-invalid` */
export function parseAllowedHost(text: string): string {
  if (text === '*') return text;
  const url = parseAuthority(text, 'http');
  if (url === undefined) {
    throw new WasmcpError(
      'option-invalid',
      `Write a host, such as mcp.example.com or [::1]:8080, not ${text}.`,
    );
  }
  return url.hostname + (/:\d+$/.exec(text)?.[0] ?? '');
}

/** @throws WasmcpError `option-invalid` */
export function parseAllowedOrigin(text: string): string {
  if (text === '*') return text;
  const origin = parseOrigin(text);
  if (origin === undefined) {
    throw new WasmcpError('option-invalid', `Write an origin, such as https://app.example.com, not ${text}.`);
  }
  return origin;
}

/** Whether `parseAllowedOrigin` would take it. */
export function isAllowedOrigin(text: string): boolean {
  return text === '*' || parseOrigin(text) !== undefined;
}

/** The one spelling of an origin; undefined for what is none. `null` is the origin of pages that have none to tell. */
export function parseOrigin(text: string): string | undefined {
  if (text === 'null') return text;
  const url = ORIGIN.test(text) ? URL.parse(text) : null;
  return url === null ? undefined : `${url.protocol}//${url.host}`;
}

/** Names that lead to the machine that asks: `localhost` and those below it (RFC 6761), 127.0.0.0/8, ::1. */
export function isLoopbackName(hostname: string): boolean {
  return /^(?:.+\.)?localhost$/.test(hostname) || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}
