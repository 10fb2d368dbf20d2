import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DEFAULT_STORE_URL, openStore, WasmcpError } from '../../host/index.ts';
import { assertLinked } from '../component/link-check.ts';
import { linkWithHost } from '../component/link-with-host.ts';
import { sessionBucket } from '../mcp/defaults.ts';
import { startBridge } from '../mcp/stdio/bridge.ts';
import { createSessionMemory } from '../mcp/stdio/memory.ts';
import type { Command } from './command.ts';
import { load, reportLoad } from './load.ts';
import { LOG_OPTIONS, openLogging } from './logging/logging.ts';
import { oneLine, print } from './print.ts';
import { SERVER_OPTIONS, serverOptions, storeAccess } from './server-options.ts';
import { closeOnce, untilSignal } from './signals.ts';
import { startServer } from './start-server.ts';

/** Milliseconds for responses on their way to the client, once the server is closed. */
const FLUSH_TIME = 1000;

/** Serves one client over standard input and output, until it closes the input or a signal arrives. */
export const stdio: Command = {
  name: 'stdio',
  summary: 'serve one MCP client over stdin and stdout',
  options: ['session', ...SERVER_OPTIONS, ...LOG_OPTIONS],
  adjusted: {
    store: { fallback: '', fallbackText: 'sqlite:.wasmcp/store.db beside the component' },
    workers: { fallback: 1, fallbackText: '1' },
    maxBody: { description: 'largest message of the client' },
  },
  examples: `
Examples:
  wasmcp-node stdio server.wasm
  wasmcp-node stdio server.wasm --store sqlite:/home/me/notes.db --env API_KEY

In an mcp.json:
  { "mcpServers": { "notes": { "command": "npx", "args": ["wasmcp-node", "stdio", "/path/to/server.wasm"] } } }

A returning client continues its session, which is kept in .wasmcp beside the component unless --store names another
place. Output of guests goes to stderr.`,

  async run(path, options, streams, _rest, prestartedWorker) {
    if (path === '-') {
      throw new WasmcpError('option-invalid', 'stdin carries the protocol: pass the component as a file');
    }
    const logging = await openLogging(options, streams);
    const { stderr } = logging.streams;
    const common = await serverOptions(options, logging.log);
    const component = await load(path, options);
    // Reported at the start; a server alone would link at the first request.
    assertLinked(linkWithHost(component), 'wasi:http/incoming-handler');
    reportLoad(component, options.verbose ?? false, logging.streams);
    const storeUrl = options.store || storeBeside(component.source);
    const store = await openStore(storeUrl, storeAccess(options));
    // Sessions are the point of this command, unless the user turns them off.
    const env = { WASMCP_SESSION_ENABLED: 'true', ...common.env };
    const { server, storeBroken } = startServer(
      component,
      {
        // Clients on stdio speak MCP.
        mcp: 'guide',
        ...common,
        // No proxy is in between.
        sseKeepAlive: 'off',
        store: storeUrl,
        env,
        // The user of this command can reach services on this machine anyway.
        outgoing: { ...common.outgoing, loopback: true },
      },
      options,
      {
        output: { stdout: logging.output.stderr, stderr: logging.output.stderr },
        access: logging.access,
        ...(prestartedWorker && { prestartedWorker }),
      },
    );
    const stop = untilSignal();
    const bridge = startBridge({
      fetch: server.fetch,
      input: streams.stdin,
      output: streams.stdout,
      maxLine: options.maxBody,
      memory: createSessionMemory(store, nameOf(component.source), sessionBucket(env)),
      session: options.session,
      log: (message) => void print(stderr, `${oneLine(`warning: ${message}`)}\n`),
    });
    const failure = await Promise.race([bridge.finished.then(() => undefined), stop, storeBroken]);
    bridge.stop();
    await closeOnce(server, options.drain, streams, failure?.exitCode);
    const flushed = await Promise.race([
      bridge.finished.then(() => true),
      delay(FLUSH_TIME, false, { ref: false }),
    ]);
    await store.close();
    await logging.close();
    // A client that reads nothing would keep the process alive.
    if (!flushed) process.exit(failure?.exitCode ?? 0);
    if (failure !== undefined) throw failure;
    return 0;
  },
};

/** Clients start servers in any folder, some of them in `/`: the store must not depend on it. */
function storeBeside(source: string): string {
  if (/^https?:/i.test(source)) return DEFAULT_STORE_URL;
  const path = /^file:/i.test(source) ? fileURLToPath(source) : resolve(source);
  return `sqlite:${join(dirname(path), '.wasmcp/store.db')}`;
}

/** A component at the same path is the same server, also after an update. */
function nameOf(source: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(source) ? source : resolve(source);
}
