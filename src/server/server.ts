import { checkOptions, WasmcpError } from '../../host/index.ts';
import type { Component } from '../component/component.ts';
import { type Engine, type EngineLoad, type EngineOptions, startEngine } from '../engine/engine.ts';
import type { Handler } from '../http/handler.ts';
import { createMcp, type McpOptions } from '../mcp/mcp.ts';
import type { Retention } from '../mcp/sessions/retention.ts';
import type { Monitor, Phase } from './admin/monitor.ts';
import { connectionShare } from './connection-share.ts';
import { createDoor } from './door.ts';
import { createFetch } from './fetch.ts';
import type { Guard, GuardOptions } from './guard/guard.ts';
import { type Listener, openListener } from './listener.ts';
import { createNodeFront, type NodeHandler } from './node.ts';
import { answerPlainly } from './node-response.ts';
import { SERVER_CHECKS } from './option-checks.ts';
import { outgoingPolicy, ownUrl } from './own-address.ts';
import { failureAnswer } from './plain.ts';
import { withHeaders } from './request-headers.ts';
import { derive } from './served-component.ts';

/** How a server runs its guests and what it lets in. Every field has the default of the command's flag of that name. */
export interface ServerOptions extends EngineOptions, GuardOptions, McpOptions {
  /** Largest body of a request in bytes; 10 MiB by default. A larger one is answered with 413. */
  readonly maxBody?: number;
  /**
   * Connections at a time; 1000 by default. For one more, the one that has been idle for longest is closed; where none is, the
   * new one.
   */
  readonly maxConnections?: number;
  /**
   * Milliseconds that an idle connection waits for its next request, 75 s by default: longer than proxies keep theirs. Of
   * `listen` only, as are the connections.
   */
  readonly keepAlive?: number;
  /** Milliseconds that a body which is arriving may make no progress, 30 s by default: then 408, and the connection ends. */
  readonly bodyTimeout?: number;
  /** Looks at the server, for those who look after it. */
  readonly monitor?: Monitor;
  /** Names in lower case and values of headers that each request gets in place of its own of these names. */
  readonly requestHeaders?: readonly (readonly [string, string])[];
}

/** A component being served. Store and workers are started by the first use; `await using` closes it. */
export interface Server extends AsyncDisposable {
  /** Where it listens, `http://127.0.0.1:8080/`; undefined before `listen`. */
  readonly url: string | undefined;
  /** What people read of the store; undefined before the start. */
  readonly storeUrl: string | undefined;
  /**
   * One line for people: whether an MCP server keeps sessions, where, and who may use it. Undefined before the start, and
   * with `mcp: 'off'`.
   */
  readonly summary: string | undefined;
  /**
   * Binds the port (0 picks a free one), opens the store, starts the workers. Once only.
   *
   * @throws WasmcpError `address-unusable`, `server-closing`, and what `startEngine` fails with
   */
  listen(port?: number, host?: string): Promise<string>;
  /** Serves one request without a socket. A failure of its guest is a response, as it is over HTTP. */
  fetch(request: Request): Promise<Response>;
  /** For a server of the caller's: `http.createServer(server.handler)`, express, fastify. */
  readonly handler: NodeHandler;
  /**
   * Goes on with another component on the same store; no request fails for it. It takes over once it has answered a
   * request; the old one ends with its last request, `drain` milliseconds later at most. When it fails, the old one serves
   * on.
   *
   * @throws WasmcpError `component-unlinkable`, and what the answer failed with
   */
  reload(component: Component, drain?: number): Promise<void>;
  /** Takes no new requests, lets those under way finish for at most `drain` milliseconds, closes everything. */
  close(drain?: number): Promise<void>;
}

/** @throws WasmcpError `option-invalid`; TypeError for an option that there is not, or that cannot have its value */
export function createServer(component: Component, options: ServerOptions = {}): Server {
  checkOptions('createServer', options, SERVER_CHECKS);
  const {
    maxBody = 10 * 1024 ** 2,
    maxConnections = 1000,
    keepAlive = 75_000,
    bodyTimeout = 30_000,
  } = options;
  let starting: Promise<Engine> | undefined;
  let engine: Engine | undefined;
  let binding: Promise<Listener> | undefined;
  let listener: Listener | undefined;
  let closed: Promise<void> | undefined;
  let retention: Retention | undefined;
  /** By the retentions of components that were replaced. */
  let purgedBefore = 0;

  async function start(): Promise<Engine> {
    if (closed !== undefined) throw new WasmcpError('server-closing', 'the server is closed');
    starting ??= begin();
    engine = await starting;
    return engine;
  }

  async function begin(): Promise<Engine> {
    const outgoing = outgoingPolicy(options, listener);
    const started = await startEngine(component, { ...options, env: served.environment(), outgoing });
    try {
      await mcp.probe(component);
      retention = mcp.retain(component, started.localStore);
    } catch (error) {
      await started.close(0);
      throw error;
    }
    return started;
  }

  const toEngine: Handler = (request, target) => {
    if (engine === undefined) throw new TypeError('a request before the start');
    return engine.handle(request, target);
  };
  const mcp = createMcp(options, () => ownUrl(listener));
  const serving = { options, mcp, engine: toEngine, address: () => listener?.address };
  let served = derive(component, serving);
  const door = createDoor(
    withHeaders((request, target) => served.handle(request, target), options.requestHeaders ?? []),
  );
  const guard: Guard = {
    admit: (head) => served.guard.admit(head),
    opensToAnyHost: () => served.guard.opensToAnyHost(),
    describe: () => served.guard.describe(),
  };
  const front = createNodeFront(door.handle, guard, { maxBody, bodyTimeout }, options.log);
  const fetchWithoutSocket = createFetch(door.handle, guard, { maxBody, bodyTimeout }, options.log);

  /** Requests that come before the engine has started wait for it. */
  function whenStarted(serve: NodeHandler): NodeHandler {
    return (request, response) => {
      if (engine !== undefined) return serve(request, response);
      start().then(
        () => serve(request, response),
        (error: WasmcpError) => {
          void options.log?.('error', 'engine', error.message);
          if (response.destroyed || response.headersSent) return;
          answerPlainly(request, response, failureAnswer(error));
        },
      );
    };
  }

  const { monitor } = options;
  const counted = (serve: NodeHandler): NodeHandler => monitor?.counting(serve) ?? serve;
  const handler = counted(whenStarted(front.handler));
  const continueHandler = counted(whenStarted(front.continueHandler));
  monitor?.watch(() => {
    const load = engine?.load();
    return {
      phase: phaseOf(load),
      storeUrl: engine?.storeUrl,
      durability: options.durability ?? 'power',
      load,
      purgedSessions: purgedBefore + (retention?.purged ?? 0),
    };
  });

  function phaseOf(load: EngineLoad | undefined): Phase {
    if (closed !== undefined) return 'draining';
    if (load === undefined) return 'starting';
    return load.storeFailure === undefined ? 'ready' : 'store-broken';
  }

  async function stop(drain: number): Promise<void> {
    const deadline = performance.now() + drain;
    const bound = await binding?.catch(() => undefined);
    const disconnected = bound?.close();
    const left = (): number => Math.max(0, deadline - performance.now());
    const started = await starting?.catch(() => undefined);
    const retired = retention?.close();
    // First those that wait in front of the engine, which takes nothing once it closes.
    await door.close(left());
    await retired;
    await started?.close(left());
    const timer = setTimeout(() => bound?.cut(), left());
    await disconnected;
    clearTimeout(timer);
  }

  function close(drain = 10_000): Promise<void> {
    closed ??= stop(drain);
    return closed;
  }

  return {
    get url() {
      return listener?.url;
    },
    get storeUrl() {
      return engine?.storeUrl;
    },
    get summary() {
      const sessions = engine && mcp.describe(served.component, engine.storeUrl);
      return sessions && `${sessions}; open to ${guard.describe()}`;
    },
    async listen(port = 8080, host = '127.0.0.1') {
      if (binding !== undefined) throw new TypeError('a server listens once');
      if (closed !== undefined) throw new WasmcpError('server-closing', 'the server is closed');
      // Port first, so that a port in use costs nothing: no store is made, no worker started.
      binding = openListener(
        { handler, continueHandler },
        { port, host, maxConnections: connectionShare(options, maxConnections), keepAlive, bodyTimeout },
      );
      listener = await binding;
      if (guard.opensToAnyHost()) {
        void options.log?.(
          'warn',
          'guard',
          `${listener.address} is open to whoever reaches it, by any name: a page of any web site too, once its name leads here. --allow-host NAME lets only clients in that call it so`,
        );
      }
      try {
        await start();
      } catch (error) {
        const disconnected = listener.close();
        listener.cut();
        await disconnected;
        throw error;
      }
      return listener.url;
    },
    async fetch(request) {
      await start();
      return fetchWithoutSocket(request);
    },
    handler,
    async reload(next, drain = 10_000) {
      const started = await start();
      const derived = derive(next, serving);
      await mcp.probe(next);
      await started.reload(next, drain, derived.environment());
      // All of it at once, now that nothing can fail any more.
      served = derived;
      if (closed !== undefined) return;
      const former = retention;
      retention = mcp.retain(next, started.localStore);
      await former?.close();
      purgedBefore += former?.purged ?? 0;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
