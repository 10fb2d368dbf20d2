import { isLoopback, WasmcpError } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';
import { filterHeaders } from '../../http/headers.ts';
import { type PlainAnswer, plainAnswer } from '../plain.ts';
import { createAllowList, isLoopbackName, parseOrigin } from './allow-list.ts';
import { parseAuthority } from './authority.ts';
import { corsHeaders, isPreflight, preflightAnswer } from './cors.ts';
import { type Forwarded, isForwardedField, readForwarded } from './forwarded.ts';
import { forbidden, hostRefusal, originRefusal } from './refusal.ts';

/** Who may reach a server, and how it is called from outside. */
export interface AccessPolicyOptions {
  /**
   * Names and addresses under which clients reach the server, besides this machine's own (`localhost`, 127.0.0.1, [::1]),
   * with a port for that one only; `*` for any. While it is empty and the server listens on more than loopback, any
   * will do.
   */
  readonly allowHosts?: readonly string[];
  /**
   * Pages that may use the server, such as `https://app.example.com`, besides its own and, where it is reached as this
   * machine, those of this machine; `*` for any.
   */
  readonly allowOrigins?: readonly string[];
  /** The server's address for clients, when something stands in front of it: `https://mcp.example.com`. */
  readonly publicUrl?: string;
  /**
   * Whether `Forwarded` and `X-Forwarded-*` come from a proxy, which is the only one that reaches this server. They are
   * taken out of requests otherwise.
   */
  readonly trustProxy?: boolean;
}

/** A request, without its body. */
export type GuestHead = Omit<GuestRequest, 'body' | 'receivedAt'>;

/** A request as the guest is to see it, and what each answer to it has to carry. */
export interface Admitted {
  readonly head: GuestHead;
  readonly cors: Readonly<Record<string, string>>;
}

/** Let in, or answered already, as preflights are. */
export type Admission = Admitted | Answered;

interface Answered {
  readonly answer: PlainAnswer;
}

/** Stands between strangers and guests: a page that a browser shows may not use a server just because it reaches it. */
export interface AccessPolicy {
  admit(head: GuestHead): Admission;
  /** Whether any name will do because none is on the list. */
  opensToAnyHost(): boolean;
  /** Who may connect, for people. */
  describe(): string;
}

export interface AccessPolicyContext {
  /** Where the server listens; undefined while it does not. */
  readonly address: () => string | undefined;
  /** Told of a refused name, once each. */
  readonly refused: (reason: string) => void;
}

/** Most names that are told as refused: strangers must not be able to flood a log. */
const MAX_TOLD = 100;
/** Most names that are remembered. */
const MAX_LET_IN = 100;

/** @throws WasmcpError `option-invalid` */
export function createAccessPolicy(
  options: AccessPolicyOptions,
  { address, refused }: AccessPolicyContext,
): AccessPolicy {
  const publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl);
  const hosts = [...(options.allowHosts ?? []), ...(publicUrl ? [publicUrl.host] : [])];
  const origins = [...(options.allowOrigins ?? []), ...(publicUrl ? [publicUrl.origin] : [])];
  const list = createAllowList(hosts, origins);
  const told = new Set<string>();
  /** Names that were found good; clients use few. */
  const letIn = new Map<string, URL>();

  function refuse(reason: string): Answered {
    if (told.size < MAX_TOLD && !told.has(reason)) {
      told.add(reason);
      refused(reason);
    }
    return { answer: forbidden(reason) };
  }

  /** With no list, whoever listens for others has to take the names that they use. */
  function opensToAnyHost(): boolean {
    const bound = address();
    return hosts.length === 0 && bound !== undefined && !isLoopback(bound);
  }

  /** The host of that name, or why there is none for this request. */
  function hostOf(name: string, scheme: 'http' | 'https'): URL | Answered {
    const key = `${scheme}://${name}`;
    const known = letIn.get(key);
    if (known !== undefined) return known;
    const url = parseAuthority(name, scheme);
    if (url === undefined) return { answer: plainAnswer(400) };
    const allowed = isLoopbackName(url.hostname) || list.hasHost(url) || opensToAnyHost();
    if (!allowed) return refuse(hostRefusal(url.host));
    if (letIn.size < MAX_LET_IN) letIn.set(key, url);
    return url;
  }

  /** `reached` are the names that the request was sent to, as far as they are known. */
  function originAllowed(origin: string, reached: readonly URL[]): boolean {
    if (list.hasOrigin(origin)) return true;
    const page = URL.parse(origin);
    if (page === null || !/^https?:$/.test(page.protocol)) return false;
    // Whether TLS ended in front of us is not known: the page's own scheme decides what its usual port is.
    if (reached.some(({ host }) => URL.parse(`${page.protocol}//${host}`)?.host === page.host)) return true;
    const last = reached.at(-1);
    return last !== undefined && isLoopbackName(last.hostname) && isLoopbackName(page.hostname);
  }

  return {
    admit(head) {
      const sorted = sort(head.headers, options.trustProxy ?? false);
      if (sorted === undefined) return { answer: plainAnswer(400) };
      const { origin, forwarded, headers } = sorted;
      const scheme = publicUrl ? schemeOf(publicUrl) : (forwarded.scheme ?? head.scheme);
      const authority = publicUrl?.host ?? forwarded.authority ?? head.authority;

      // Each name by itself: a page that reached us under its own name can write any `X-Forwarded-Host`.
      const reached: URL[] = [];
      for (const name of [head.authority, forwarded.authority, authority]) {
        if (name === undefined) continue;
        const host = hostOf(name, name === authority ? scheme : head.scheme);
        if ('answer' in host) return host;
        reached.push(host);
      }
      const allowed = origin === undefined ? undefined : parseOrigin(origin);
      if (origin !== undefined && (allowed === undefined || !originAllowed(allowed, reached))) {
        return refuse(originRefusal(origin));
      }

      if (origin !== undefined && isPreflight(head.method, headers)) {
        return { answer: preflightAnswer(origin, headers) };
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

/**
 * An `http:` or `https:` address without query or credentials.
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

interface Sorted {
  readonly origin: string | undefined;
  readonly forwarded: Forwarded;
  /** Without what a client may not say. */
  readonly headers: string[];
}

const NOT_FORWARDED: Forwarded = { scheme: undefined, authority: undefined };

/**
 * Undefined when it makes no sense. Each request passes here: one look at each name, and no copy unless something has to
 * go.
 */
function sort(headers: string[], trusted: boolean): Sorted | undefined {
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
