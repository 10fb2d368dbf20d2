import { version } from '../../version.ts';
import { type AccessPolicy, createAccessPolicy } from '../access-policy/access-policy.ts';
import { type Listener, openListener } from '../listener.ts';
import type { NodeHandler } from '../node-adapter.ts';
import { answerPlainly } from '../node-response.ts';
import { type PlainAnswer, plainAnswer } from '../plain.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { CONTENT_TYPE, prometheusText } from './prometheus.ts';

/** An address of its own for those who look after a server; guests know nothing of it. */
export interface Admin {
  readonly url: string;
  /** For the server that is looked after. */
  readonly monitor: Monitor;
  /** Twice is fine. */
  close(): Promise<void>;
}

/** Monitoring needs few. */
const MAX_CONNECTIONS = 100;
/** Milliseconds; those who look ask every minute at most. */
const KEEP_ALIVE = 75_000;
/** Milliseconds; nobody has a body to send here. */
const BODY_TIMEOUT = 10_000;

/**
 * Serves `/healthz`, `/readyz` and `/metrics` of one server, from before its start until after its end.
 *
 * @throws WasmcpError `address-unusable`
 */
export async function openAdmin(port: number, host: string): Promise<Admin> {
  const monitor = createMonitor();
  let listener: Listener | undefined;
  // On loopback names of this machine alone: a page under a rebound name shall not read this.
  const policy = createAccessPolicy({}, { address: () => listener?.address, refused() {} });
  const handler = createHandler(monitor, policy);
  listener = await openListener(
    { handler, continueHandler: handler },
    {
      port,
      host,
      maxConnections: MAX_CONNECTIONS,
      keepAlive: KEEP_ALIVE,
      bodyTimeout: BODY_TIMEOUT,
      flag: '--admin-addr',
    },
  );
  return {
    url: listener.url,
    monitor,
    async close() {
      const closed = listener.close();
      listener.cut();
      await closed;
    },
  };
}

type Page = (monitor: Monitor) => PlainAnswer | Promise<PlainAnswer>;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/healthz', healthz],
  ['/readyz', readyz],
  ['/metrics', metrics],
]);

function createHandler(monitor: Monitor, policy: AccessPolicy): NodeHandler {
  return (request, response) => {
    const path = request.url!.split('?', 1)[0]!;
    const admission = policy.admit({
      method: request.method!,
      scheme: 'http',
      authority: request.headers.host,
      path,
      headers: request.rawHeaders,
    });
    const page = PAGES.get(path);
    let answer: PlainAnswer | Promise<PlainAnswer>;
    if ('answer' in admission) answer = admission.answer;
    else if (page === undefined) answer = plainAnswer(404);
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      answer = plainAnswer(405, { allow: 'GET, HEAD' });
    else answer = page(monitor);
    void Promise.resolve(answer).then((ready) => {
      if (!response.destroyed) answerPlainly(request, response, ready);
    });
  };
}

function healthz(monitor: Monitor): PlainAnswer {
  const { phase, storeUrl, durability } = monitor.look();
  const store = phase === 'store-broken' ? 'broken' : storeUrl === undefined ? 'not open' : 'ok';
  const lasting = storeUrl?.startsWith('sqlite:') ? { durability } : {};
  return json(200, { version, phase, store, ...lasting, uptime: Math.round(process.uptime()) });
}

function readyz(monitor: Monitor): PlainAnswer {
  const { phase } = monitor.look();
  return json(phase === 'ready' ? 200 : 503, { phase });
}

async function metrics(monitor: Monitor): Promise<PlainAnswer> {
  return text(200, CONTENT_TYPE, prometheusText(await monitor.metrics()));
}

function json(status: number, value: unknown): PlainAnswer {
  return text(status, 'application/json', `${JSON.stringify(value)}\n`);
}

function text(status: number, type: string, body: string): PlainAnswer {
  return { status, headers: { 'content-type': type, 'cache-control': 'no-store' }, body, unread: false };
}
