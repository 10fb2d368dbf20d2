import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { createServer, loadComponent, type Server, WasmcpError } from '../index.ts';
import type { OptionValues } from '../options/table.ts';
import type { CliStreams, Command } from './command.ts';

/** Serves a component over HTTP until a signal asks it to stop. */
export const serve: Command = {
  name: 'serve',
  summary: 'serve a component over HTTP',
  options: [
    'addr',
    'store',
    'bucket',
    'maxValue',
    'env',
    'envFile',
    'inheritEnv',
    'configVar',
    'dir',
    'workers',
    'queue',
    'timeout',
    'streamIdle',
    'drain',
    'maxBody',
    'maxConnections',
    'loggingPrefix',
    'cacheDir',
  ],
  examples: `
Examples:
  wasmcp-node serve server.wasm
  wasmcp-node serve server.wasm --addr 127.0.0.1:0 --store sqlite:/var/lib/mcp/store.db
  wasmcp-node serve server.wasm --env WASMCP_SESSION_ENABLED=true --timeout 5s
  wasmcp-node serve server.wasm --store memory:     nothing is kept after the stop`,

  async run(path, options, streams) {
    const component = await loadComponent(
      path,
      options.cacheDir === undefined ? {} : { cacheDir: options.cacheDir },
    );
    const server = createServer(component, {
      store: options.store,
      storeLimits: { maxValue: options.maxValue, ...(options.bucket && { buckets: options.bucket }) },
      env: await guestEnvironment(options),
      config: Object.fromEntries(options.configVar ?? []),
      directories: options.dir ?? [],
      loggingPrefix: options.loggingPrefix,
      workers: options.workers,
      queueLimit: options.queue,
      timeout: options.timeout,
      streamIdle: options.streamIdle,
      maxBody: options.maxBody,
      maxConnections: options.maxConnections,
      output: (stream, bytes) => streams[stream].write(bytes),
      log: (level, context, message) => streams.stderr.write(`${level}: ${context}: ${message}\n`),
    });
    const stop = untilSignal();
    const url = await server.listen(options.addr.port, options.addr.host);
    streams.stderr.write(`Serving HTTP on ${url}\n`);
    await stop;
    await closeOnce(server, options.drain, streams);
    return 0;
  },
};

/** Later sources win: the shell's variables, the file's, the flags'. */
async function guestEnvironment(options: OptionValues): Promise<Record<string, string>> {
  const inherited = options.inheritEnv ? { ...process.env } : {};
  const file = options.envFile === undefined ? {} : await readEnvFile(options.envFile);
  return { ...inherited, ...file, ...Object.fromEntries(options.env ?? []) } as Record<string, string>;
}

async function readEnvFile(path: string): Promise<NodeJS.Dict<string>> {
  try {
    return parseEnv(await readFile(path, 'utf8'));
  } catch (error) {
    throw new WasmcpError(
      'option-invalid',
      `--env-file ${path} cannot be read: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** The first signal that asks to stop. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

/** A second signal while requests drain ends the process at once: what was acknowledged is on disk already. */
async function closeOnce(server: Server, drain: number, streams: CliStreams): Promise<void> {
  const force = (signal: NodeJS.Signals): void => {
    streams.stderr.write('Stopped at once; requests under way were cut\n');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGTERM', force).on('SIGINT', force);
  await server.close(drain);
  process.off('SIGTERM', force).off('SIGINT', force);
}
