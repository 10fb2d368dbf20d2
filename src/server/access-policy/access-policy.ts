import { WasmcpError } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';
import { filterHeaders } from '../../http/headers.ts';
import type { BoundAddress } from '../bound-address.ts';
import { type PlainResponse, plainResponse } from '../plain.ts';
import { type AllowList, createAllowList, isLoopbackName, parseOrigin } from './allow-list.ts';
import { parseAuthority } from './authority.ts';
import { corsHeaders, isPreflight, preflightResponse } from './cors.ts';
import { type Forwarded, isForwardedField, readForwarded } from './forwarded.ts';
import { forbidden, hostRefusal, originRefusal } from './refusal.ts';

/** Which clients may use a server, and the names by which they reach it. */
export interface AccessPolicyOptions {
  /**
   * Names and addresses by which clients reach the server, in addition to this machine's own (`localhost`, 127.0.0.1,
   * [::1]); one with a port allows that port only, and `*` any name. When it is empty and other machines can reach one of the
   * server's addresses, any name is accepted.
   */
  readonly allowHosts?: readonly string[];
  /**
   * Origins of pages that may use the server, such as `https://app.example.com`, in addition to the server's own and, when
   * it is reached by a loopback name, other loopback origins; `*` allows any.
   */
  readonly allowOrigins?: readonly string[];
  /** The server's address for clients when it is behind a proxy, such as `https://mcp.example.com`. */
  readonly publicUrl?: string;
  /**
   * Whether `Forwarded` and `X-Forwarded-*` come from a proxy through which every request passes. Otherwise they are
   * stripped from requests.
   */
  readonly trustProxy?: boolean;
}

/** A request without its body. */
export type GuestHead = Omit<GuestRequest, 'body' | 'receivedAt' | 'record'>;

/** A request as the guest receives it, and the headers that each response to it must have. */
export interface Admitted {
  readonly head: GuestHead;
  readonly cors: Readonly<Record<string, string>>;
}

/** An admitted request, or the response to one that is refused or is a preflight. */
export type Admission = Admitted | Intercepted;

interface Intercepted {
  readonly response: PlainResponse;
}

/** Keeps web pages and unknown host names away from guests: a page must not use a server merely because it can reach it. */
export interface AccessPolicy {
  admit(head: GuestHead): Admission;
  /** Whether any host name is accepted, because the server listens on more than loopback and no name was given. */
  opensToAnyHost(): boolean;
  /** Human-readable: who may connect. */
  describe(): string;
}

export interface AccessPolicyContext {
  /** Where the server listens; none while it does not. */
  readonly addresses: () => readonly Pick<BoundAddress, 'isLocal'>[];
  /** Called once for each refused name. */
  readonly refused: (reason: string) => void;
}

/** Refused names that are reported: clients must not be able to flood the log. */
const MAX_REPORTED = 100;
/** Accepted names that are cached for each scheme. */
const MAX_ACCEPTED = 100;

/** @throws WasmcpError `option-invalid` */
export function createAccessPolicy(
  options: AccessPolicyOptions,
  { addresses, refused }: AccessPolicyContext,
): AccessPolicy {
  const publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl);
  const hosts = [...(options.allowHosts ?? []), ...(publicUrl ? [publicUrl.host] : [])];
  const origins = [...(options.allowOrigins ?? []), ...(publicUrl ? [publicUrl.origin] : [])];
  const list = createAllowList(hosts, origins);
  const reported = new Set<string>();
  /** Names that were accepted before; clients use few. */
  const accepted = { http: new Map<string, URL>(), https: new Map<string, URL>() };

  function refuse(reason: string): Intercepted {
    if (reported.size < MAX_REPORTED && !reported.has(reason)) {
      reported.add(reason);
      refused(reason);
    }
    return { response: forbidden(reason) };
  }

  /** Without a list, a server that other machines can reach cannot know the names that its clients use. */
  function opensToAnyHost(): boolean {
    return hosts.length === 0 && addresses().some(({ isLocal }) => !isLocal);
  }

  /** The host of that name, or the response that refuses it. */
  function hostOf(name: string, scheme: 'http' | 'https'): URL | Intercepted {
    const known = accepted[scheme].get(name);
    if (known !== undefined) return known;
    const url = parseAuthority(name, scheme);
    if (url === undefined) return { response: plainResponse(400) };
    const allowed = isLoopbackName(url.hostname) || list.hasHost(url) || opensToAnyHost();
    if (!allowed) return refuse(hostRefusal(url.host));
    if (accepted[scheme].size < MAX_ACCEPTED) accepted[scheme].set(name, url);
    return url;
  }

  return {
    admit(head) {
      const sorted = sortHeaders(head.headers, options.trustProxy ?? false);
      if (sorted === undefined) return { response: plainResponse(400) };
      const { origin, forwarded, headers } = sorted;
      const scheme = publicUrl ? schemeOf(publicUrl) : (forwarded.scheme ?? head.scheme);
      const authority = publicUrl?.host ?? forwarded.authority ?? head.authority;

      // Each name on its own: a page that reached the server under its own name can send any `X-Forwarded-Host`.
      const reached: URL[] = [];
      let last: string | undefined;
      for (const name of [head.authority, forwarded.authority, authority]) {
        if (name === undefined || name === last) continue;
        last = name;
        const host = hostOf(name, name === authority ? scheme : head.scheme);
        if ('response' in host) return host;
        reached.push(host);
      }
      const allowed = origin === undefined ? undefined : parseOrigin(origin);
      if (origin !== undefined && (allowed === undefined || !isOriginAllowed(list, allowed, reached))) {
        return refuse(originRefusal(origin));
      }

      if (origin !== undefined && isPreflight(head.method, headers)) {
        return { response: preflightResponse(origin, headers) };
      }
      return { head: { ...head, scheme, authority, headers }, cors: corsHeaders(head.method, origin) };
    },
    opensToAnyHost,
    describe() {
      const names =
        list.anyHost || opensToAnyHost() ? 'clients by any name' : ['this machine', ...hosts].join(', ');
      const pages = list.anyOrigin ? 'any origin' : origins.join(', ');
      return pages === '' ? names : `${names}; pages of ${pages}`;
    },
  };
}

/** `reached` are the names that the request was sent to, as far as they are known. */
function isOriginAllowed(list: AllowList, origin: string, reached: readonly URL[]): boolean {
  if (list.hasOrigin(origin)) return true;
  const page = URL.parse(origin);
  if (page === null || !/^https?:$/.test(page.protocol)) return false;
  // Whether a proxy terminated TLS is not known, so the page's own scheme decides its default port.
  if (reached.some(({ host }) => URL.parse(`${page.protocol}//${host}`)?.host === page.host)) return true;
  const last = reached.at(-1);
  return last !== undefined && isLoopbackName(last.hostname) && isLoopbackName(page.hostname);
}

/**
 * An `http:` or `https:` URL without query, fragment or credentials.
 *
 * @throws WasmcpError `option-invalid`
 */
export function parsePublicUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || /[?#@]/.test(text)) {
    throw new WasmcpError('option-invalid', `Write an address such as https://mcp.example.com, not ${text}.`);
  }
  return url;
}

function schemeOf(url: URL): 'http' | 'https' {
  return url.protocol === 'https:' ? 'https' : 'http';
}

interface SortedHeaders {
  readonly origin: string | undefined;
  readonly forwarded: Forwarded;
  /** Without the fields that a client may not set. */
  readonly headers: string[];
}

const NOT_FORWARDED: Forwarded = { scheme: undefined, authority: undefined };

/**
 * Undefined for contradictory or malformed fields. Every request passes here: each name is examined once, and nothing is
 * copied unless a field must be removed.
 */
function sortHeaders(headers: string[], trusted: boolean): SortedHeaders | undefined {
  let origin: string | undefined;
  let fields: Map<string, string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (!/^[ofx]/i.test(name)) continue;
    const key = name.toLowerCase();
    if (key === 'origin') {
      if (origin !== undefined) return undefined;
      origin = headers[i + 1]!;
    }
    if (!isForwardedField(key)) continue;
    fields ??= new Map();
    const known = fields.get(key);
    fields.set(key, known === undefined ? headers[i + 1]! : `${known},${headers[i + 1]}`);
  }
  if (fields === undefined) return { origin, forwarded: NOT_FORWARDED, headers };
  if (trusted) {
    const forwarded = readForwarded(fields);
    return forwarded && { origin, forwarded, headers };
  }
  const kept = filterHeaders(headers, (name) => !isForwardedField(name));
  return { origin, forwarded: NOT_FORWARDED, headers: kept };
}
