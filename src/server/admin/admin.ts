import type { IncomingMessage } from 'node:http';
import type { ListenAddress } from '../../options/types.ts';
import { version } from '../../version.ts';
import { type AccessPolicy, createAccessPolicy } from '../access-policy/access-policy.ts';
import { type Listener, openListener } from '../listener.ts';
import type { NodeHandler } from '../node-adapter.ts';
import { sendPlainResponse } from '../node-response.ts';
import { type PlainResponse, plainResponse } from '../plain.ts';
import type { Administration } from './administration.ts';
import { bearerCheck, createAdminAccess } from './api/access.ts';
import type { Api } from './api/api.ts';
import { startApi } from './api/start-api.ts';
import { createMonitor, type Monitor, type Phase } from './monitor.ts';
import { createAdminPage } from './page.ts';

/** A separate address for monitoring. Requests to it never reach a guest. */
export interface Admin {
  readonly url: string;
  /** To be passed to the monitored server. */
  readonly monitor: Monitor;
  readonly administration: Administration;
  /** May be called again. */
  close(): Promise<void>;
}

/** Monitoring systems need few. */
const MAX_CONNECTIONS = 100;
/** Milliseconds; monitoring systems poll at least once a minute. */
const KEEP_ALIVE = 75_000;
/** Milliseconds; only calls of the API have a body. */
const BODY_TIMEOUT = 10_000;

export interface AdminOptions {
  /** What clients of the API must send as a bearer token; without it the API serves only this machine. */
  readonly token?: string | undefined;
  /** What clients of `/metrics` must send; without it they need none. */
  readonly metricsToken?: string | undefined;
}

/**
 * Serves `/healthz`, `/readyz`, `/metrics`, the API and the page for one server, from before its start until after its end.
 *
 * @throws WasmcpError `address-unusable`
 */
export async function openAdmin(
  address: ListenAddress,
  { token, metricsToken }: AdminOptions = {},
): Promise<Admin> {
  const monitor = createMonitor();
  let listener: Listener | undefined;
  // On loopback, only loopback names: a page must not read this by DNS rebinding.
  const policy = createAccessPolicy({}, { addresses: () => listener?.addresses ?? [], refused() {} });
  const isLocal = (): boolean => listener?.addresses.every((bound) => bound.isLocal) ?? false;
  const access = createAdminAccess({ token, isLocal });
  const { api, administration } = startApi(access, monitor.observers);
  const mayMeasure = metricsToken === undefined ? () => true : bearerCheck(metricsToken);
  const handler = createHandler(monitor, policy, { parts: [api, createAdminPage(access)], mayMeasure });
  listener = await openListener(
    { handler, continueHandler: handler, expectationHandler: handler },
    [address],
    {
      maxConnections: MAX_CONNECTIONS,
      keepAlive: KEEP_ALIVE,
      bodyTimeout: BODY_TIMEOUT,
      flag: '--admin-addr',
    },
  );
  return {
    url: listener.url,
    monitor,
    administration,
    async close() {
      monitor.close();
      const closed = listener.close();
      listener.cut();
      await closed;
    },
  };
}

export { readTokenFile } from './api/access.ts';

/** What has paths of its own: the API and the page. */
type Part = Pick<Api, 'owns' | 'handle'>;

type Page = (monitor: Monitor) => PlainResponse | Promise<PlainResponse>;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/healthz', healthz],
  ['/readyz', readyz],
  ['/metrics', metrics],
]);

interface HandlerParts {
  readonly parts: readonly Part[];
  /** Whether the request may read the metrics. */
  readonly mayMeasure: (request: IncomingMessage) => boolean;
}

function createHandler(
  monitor: Monitor,
  policy: AccessPolicy,
  { parts, mayMeasure }: HandlerParts,
): NodeHandler {
  return (request, response) => {
    const path = request.url!.split('?', 1)[0]!;
    const admission = policy.admit({
      method: request.method!,
      scheme: 'http',
      authority: request.headers.host,
      path,
      headers: request.rawHeaders,
    });
    const part = parts.find(({ owns }) => owns(path));
    if ('head' in admission && part !== undefined) {
      void part.handle(request, response, path);
      return;
    }
    const page = PAGES.get(path);
    let result: PlainResponse | Promise<PlainResponse>;
    if ('response' in admission) result = admission.response;
    else if (page === undefined) result = plainResponse(404);
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      result = plainResponse(405, { allow: 'GET, HEAD' });
    else if (page === metrics && !mayMeasure(request))
      result = plainResponse(401, { 'www-authenticate': 'Bearer realm="wasmcp-node"' });
    else result = page(monitor);
    void Promise.resolve(result).then((ready) => {
      if (!response.destroyed) sendPlainResponse(request, response, ready);
    });
  };
}

/** What `/readyz` says of the store in each phase. */
const STORES: Partial<Record<Phase, string>> = {
  'store-broken': 'broken',
  'store-unavailable': 'unavailable',
};

function healthz(monitor: Monitor): PlainResponse {
  const { phase, storeUrl, storeGuarantee } = monitor.status();
  const store = STORES[phase] ?? (storeUrl === undefined ? 'not open' : 'ok');
  return json(200, { version, phase, store, ...storeGuarantee, uptime: Math.round(process.uptime()) });
}

function readyz(monitor: Monitor): PlainResponse {
  const { phase } = monitor.status();
  return json(phase === 'ready' ? 200 : 503, { phase });
}

async function metrics(monitor: Monitor): Promise<PlainResponse> {
  return text(200, monitor.contentType, await monitor.metrics());
}

function json(status: number, value: unknown): PlainResponse {
  return text(status, 'application/json', `${JSON.stringify(value)}\n`);
}

function text(status: number, type: string, body: string): PlainResponse {
  return { status, headers: { 'content-type': type, 'cache-control': 'no-store' }, body, unread: false };
}
