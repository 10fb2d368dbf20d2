import type { StoreGuarantee } from '../../host/index.ts';
import { assertLoaded, type Component } from '../component/component.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import { compose } from '../http/compose.ts';
import type { Handler } from '../http/handler.ts';
import { createMcp, type Mcp } from '../mcp/mcp.ts';
import { DEFAULTS } from '../options/defaults.ts';
import { administeredServer } from './administered-server.ts';
import type { BoundAddress } from './bound-address.ts';
import { connectionShare } from './connection-share.ts';
import { createDrain, type Drain } from './drain.ts';
import { withDurability } from './durability.ts';
import { createFetch } from './fetch.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { type ListenTarget, parseListenAddress } from './listen-address.ts';
import { type Listener, openListener } from './listener.ts';
import { createNodeAdapter, type NodeAdapter, type NodeHandler } from './node-adapter.ts';
import { sendPlainResponse } from './node-response.ts';
import { observeRequests } from './observe/observe.ts';
import { resolveServerOptions } from './option-checks.ts';
import type { ServerInternals, ServerOptions, ServerSettings } from './options.ts';
import { outgoingPolicy, ownUrl } from './own-address.ts';
import { failureResponse } from './plain.ts';
import { withRequestHeaders } from './request-headers.ts';
import { createServedComponent, currentPolicy } from './served-component.ts';

/** A component that is being served. The first use opens the store and starts the workers; `await using` closes it. */
export interface Server extends AsyncDisposable {
  /** Where it listens, `http://127.0.0.1:8080/`; the first of several addresses; undefined before `listen`. */
  readonly url: string | undefined;
  /** All addresses on which it listens. */
  readonly urls: readonly string[];
  /** Human-readable URL of the store; undefined before the start. */
  readonly storeUrl: string | undefined;
  /** What acknowledged requests survive, as the store declares; undefined before the start, and if it declares nothing. */
  readonly storeGuarantee: StoreGuarantee | undefined;
  /**
   * One human-readable line: whether an MCP server keeps sessions, where, and who may connect. Undefined before the start and
   * with `mcp: 'off'`.
   */
  readonly summary: string | undefined;
  /**
   * Binds the port (0 picks a free one), opens the store, starts the workers. May be called once. Returns `url`.
   *
   * @throws WasmcpError `address-unusable`, `server-closing`, and what `startEngine` fails with
   */
  listen(port?: number, host?: string): Promise<string>;
  /**
   * The same for addresses such as `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/mcp.sock?mode=660`: all of them or none.
   *
   * @throws WasmcpError `option-invalid` for a text that is not an address
   */
  listen(address: string | readonly string[]): Promise<string>;
  /** Serves one request without a socket. A failing guest results in a response, as over HTTP. */
  fetch(request: Request): Promise<Response>;
  /** For the caller's own server: `http.createServer(server.handler)`, express, fastify. */
  readonly handler: NodeHandler;
  /**
   * Replaces the component and keeps the store; no request fails because of it. The new one takes over after it has
   * responded to a test request; the previous one ends with its last request, `drain` milliseconds later at most. If the new
   * one fails, the previous one is kept.
   *
   * @throws WasmcpError `component-unlinkable`, and the failure of the test request
   */
  reload(component: Component, drain?: number): Promise<void>;
  /** Refuses new requests, waits `drain` milliseconds at most for those in progress, then closes everything. */
  close(drain?: number): Promise<void>;
}

interface Stages {
  readonly drain: Drain;
  readonly mcp: Mcp;
  readonly requestHeaders: readonly (readonly [string, string])[];
}

/**
 * The path of a request from its adapter (`node-adapter.ts`, `fetch.ts`) to the engine. The adapter has applied the limits
 * and the access policy already: they need the head alone, and decide whether the body is received at all.
 */
async function createPipeline(component: Component, engine: Engine, stages: Stages): Promise<Handler> {
  const { drain, mcp, requestHeaders } = stages;
  return compose(
    drain.withDrain,
    withRequestHeaders(requestHeaders),
    withDurability(engine.store.gate),
    await mcp.withMcp(component, engine),
  )(engine.handle);
}

/** @throws WasmcpError `option-invalid`; TypeError for an unknown option or an invalid value */
export function createServer(
  component: Component,
  options: ServerOptions = {},
  {
    monitor,
    administration,
    observers: given,
    requestHeaders = [],
    ownPorts,
    listenOn,
    tls,
    idle,
    ...internals
  }: ServerInternals = {},
): Server {
  assertLoaded('createServer', component);
  const settings = resolveServerOptions(options);
  const { log, maxBody, keepAlive, bodyTimeout } = settings;
  const { observers, ready } = observeRequests(given ?? monitor?.observers, settings.onRequest);
  let binding: Promise<Listener> | undefined;
  let listener: Listener | undefined;
  const addresses = (): readonly BoundAddress[] => listener?.addresses ?? [];
  const mcp = createMcp(settings, () => ownUrl(addresses()), administration?.sessionUsed);
  const drain = createDrain();
  const engineInternals = {
    ...internals,
    isObserved: observers !== undefined,
    ...(monitor && { guestUsed: monitor.guestUsed }),
  };

  const lifecycle = createLifecycle(component, {
    mcp,
    drain,
    pipeline: (served, engine) => createPipeline(served, engine, { drain, mcp, requestHeaders }),
    derive: (next) => createServedComponent(next, { options: settings, mcp, addresses }),
    ...(administration && { detach: administration.detach }),
    async startEngine(served) {
      await ready;
      const outgoing = outgoingPolicy(settings.outgoing, addresses(), ownPorts);
      return startEngine(
        served,
        { ...settings, env: mcp.environment(served), outgoing },
        { ...engineInternals, starting: () => mcp.preload(served) },
      );
    },
  });
  administration?.attach(administeredServer(lifecycle, mcp, settings.store));
  const policy = currentPolicy(() => lifecycle.served.policy);
  const limits = { maxBody, bodyTimeout };
  const fetchWithoutSocket = createFetch(lifecycle.handle, policy, limits, log, observers);
  const node = createNodeAdapter(lifecycle.handle, policy, limits, log, observers);
  const adapter = eachHandler(node, (handler) => {
    const started = whenStarted(lifecycle, handler, log);
    return monitor?.withCounting(started) ?? started;
  });
  monitor?.attach(lifecycle.status);

  async function listen(where?: number | string | readonly string[], host?: string): Promise<string> {
    if (binding !== undefined) throw new TypeError('a server listens once');
    lifecycle.assertOpen();
    const targets = listenTargets(where, host, listenOn);
    // The addresses first: when one is in use, no store is created and no worker started.
    binding = openListener(adapter, targets, {
      ...{ keepAlive, bodyTimeout, ...(tls && { tls }) },
      maxConnections: connectionShare(settings),
    });
    listener = await binding;
    if (policy.opensToAnyHost()) void log('warn', 'access-policy', openToAnyHost(listener.addresses));
    await startOrUnbind(lifecycle, listener);
    if (idle !== undefined) listener.watchIdle(idle.limit, idle.reached);
    return listener.url;
  }

  const close = (limit: number = DEFAULTS.drain): Promise<void> => lifecycle.stop(limit, binding);
  return {
    get url() {
      return listener?.url;
    },
    get urls() {
      return addresses().map(({ url }) => url);
    },
    get storeUrl() {
      return lifecycle.engine?.store.url;
    },
    get storeGuarantee() {
      return lifecycle.engine?.store.guarantee;
    },
    get summary() {
      const { engine, served } = lifecycle;
      const sessions = engine && mcp.describe(served.component, engine.store.url);
      return sessions && `${sessions}; open to ${policy.describe()}`;
    },
    listen,
    async fetch(request) {
      await lifecycle.start();
      return fetchWithoutSocket(request);
    },
    handler: adapter.handler,
    async reload(next, limit = DEFAULTS.drain) {
      assertLoaded('Server.reload', next);
      await lifecycle.reload(next, limit);
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

async function startOrUnbind(lifecycle: Lifecycle, listener: Listener): Promise<void> {
  try {
    await lifecycle.start();
  } catch (error) {
    const disconnected = listener.close();
    listener.cut();
    await disconnected;
    throw error;
  }
}

function eachHandler(adapter: NodeAdapter, wrap: (handler: NodeHandler) => NodeHandler): NodeAdapter {
  return {
    handler: wrap(adapter.handler),
    continueHandler: wrap(adapter.continueHandler),
    expectationHandler: wrap(adapter.expectationHandler),
  };
}

/** Requests that arrive before the engine has started wait for it. */
function whenStarted(lifecycle: Lifecycle, serve: NodeHandler, log: ServerSettings['log']): NodeHandler {
  return (request, response) => {
    if (lifecycle.engine !== undefined) return serve(request, response);
    lifecycle.start().then(
      () => serve(request, response),
      (error) => {
        void log('error', 'engine', error.message);
        if (response.destroyed || response.headersSent) return;
        sendPlainResponse(request, response, failureResponse(error));
      },
    );
  };
}

/**
 * @throws WasmcpError `option-invalid`
 * @throws TypeError for no address
 */
function listenTargets(
  where: number | string | readonly string[] | undefined,
  host: string | undefined,
  listenOn: readonly ListenTarget[] | undefined,
): readonly ListenTarget[] {
  if (where === undefined && host === undefined && listenOn !== undefined) return listenOn;
  if (typeof where === 'string') return [parseListenAddress(where)];
  if (typeof where !== 'object') return [{ port: where ?? DEFAULTS.port, host: host ?? DEFAULTS.host }];
  if (where.length === 0) throw new TypeError('listen needs an address');
  return where.map(parseListenAddress);
}

function openToAnyHost(addresses: readonly BoundAddress[]): string {
  const open = addresses.filter(({ isLocal }) => !isLocal).map(({ address }) => address);
  return `${open.join(', ')} accepts any host name from every client that can reach it: web pages can use it too, once a name of theirs resolves to it. --allow-host NAME accepts only clients that use that name`;
}
