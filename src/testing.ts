import { checkOptions } from '../host/index.ts';
import {
  type Component,
  createServer,
  loadComponent,
  openStore,
  type ServerOptions,
  type Store,
} from './index.ts';
import { SERVER_CHECKS } from './server/option-checks.ts';

/** Options of a test's server; the store may be one that the test has filled. */
export type TestServerOptions = Omit<ServerOptions, 'output' | 'log'>;

/** A component that is served for a test. `await using` closes it. */
export interface TestServer extends AsyncDisposable {
  /** Where it listens on this machine, such as `http://127.0.0.1:40123`; for clients that want a port. */
  readonly url: string;
  /** What its guests read and write: in memory, unless the options say otherwise. */
  readonly store: Store;
  /** What guests have printed so far. */
  readonly output: string;
  /** Errors and log messages of guests so far, `level context: message`. */
  readonly log: readonly string[];
  /** As the global `fetch`, without a socket; `path` begins with a slash. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Waits at most a second for requests in progress, and closes the server. May be called again. */
  close(): Promise<void>;
}

/**
 * Serves a component on a free port of this machine, its store in memory, until the test ends:
 *
 * ```ts
 * await using server = await serveForTest('server.wasm');
 * const response = await server.fetch('/mcp', { method: 'POST', body });
 * ```
 *
 * @throws WasmcpError what `loadComponent` and `Server.listen` fail with
 */
export async function serveForTest(
  component: Component | string | URL | Uint8Array,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const { output: _output, log: _log, ...checks } = SERVER_CHECKS;
  checkOptions('serveForTest', options, checks);
  const loaded = isLoaded(component) ? component : await loadComponent(component);
  const { store: given = 'memory:' } = options;
  const store = typeof given === 'string' ? await openStore(given) : given;
  const decoder = new TextDecoder();
  let output = '';
  const log: string[] = [];
  const server = createServer(loaded, {
    ...options,
    store,
    loggingPrefix: options.loggingPrefix ?? false,
    output(_, bytes) {
      output += decoder.decode(bytes, { stream: true });
    },
    log: (level, context, message) => void log.push(`${level} ${context}: ${message}`),
  });

  async function close(): Promise<void> {
    await server.close(1000);
    if (store !== given) await store.close();
  }

  try {
    const url = (await server.listen(0)).slice(0, -1);
    return {
      url,
      store,
      log,
      get output() {
        return output;
      },
      fetch: (path, init) => server.fetch(new Request(url + path, init)),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function isLoaded(component: Component | string | URL | Uint8Array): component is Component {
  return typeof component === 'object' && 'digest' in component;
}
