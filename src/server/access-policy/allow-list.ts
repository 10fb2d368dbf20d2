import { isLoopback, WasmcpError } from '../../../host/index.ts';
import { parseAuthority, portOf } from './authority.ts';

/** Which hosts `Host` may name and which origins `Origin`. Whole names are compared, as `URL` normalizes them. */
export interface AllowList {
  /** Whether any host is allowed. */
  readonly anyHost: boolean;
  readonly anyOrigin: boolean;
  hasHost(url: URL): boolean;
  /** `origin` as `parseOrigin` returns it. */
  hasOrigin(origin: string): boolean;
}

/** A serialized origin (RFC 6454 section 6.2) of any scheme: `scheme://host[:port]` with nothing after it. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@]+$/i;

/**
 * A host with a port allows that port only, one without any port; `*` allows everything.
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

/** Whether `parseAllowedOrigin` accepts it. */
export function isAllowedOrigin(text: string): boolean {
  return text === '*' || parseOrigin(text) !== undefined;
}

/** The normalized form of an origin; undefined for other text. Pages with an opaque origin send `null`. */
export function parseOrigin(text: string): string | undefined {
  if (text === 'null') return text;
  const url = ORIGIN.test(text) ? URL.parse(text) : null;
  return url === null ? undefined : `${url.protocol}//${url.host}`;
}

/** Names that resolve to the client's own machine: `localhost` and its subdomains (RFC 6761), 127.0.0.0/8, ::1. */
export function isLoopbackName(hostname: string): boolean {
  return /^(?:.+\.)?localhost$/.test(hostname) || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}
