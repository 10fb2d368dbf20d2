import type { PrestartedWorker } from '../engine/main/prestarted-worker.ts';
import type { StoreGuarantee } from '../index.ts';
import { DEFAULTS } from '../options/defaults.ts';
import { showDuration } from '../options/show.ts';
import type { ListenAddress, OptionValues } from '../options/types.ts';
import type { Admin } from '../server/admin/admin.ts';
import { prepareToListen } from '../server/endpoint.ts';
import type { ListenTarget } from '../server/listen-address.ts';
import { loadCertificate } from './certificate.ts';
import type { CliStreams, Command } from './command.ts';
import { takeInheritedSockets } from './inherited-sockets.ts';
import { load, reportLoad } from './load.ts';
import { LOG_OPTIONS, type Logging, openLogging } from './logging/logging.ts';
import { startReloading, watchable } from './reload.ts';
import { LISTEN_OPTIONS, SERVER_OPTIONS, serverOptions } from './server-options.ts';
import { openShutdownAddress } from './shutdown-address.ts';
import { closeOnce, untilSignal } from './signals.ts';
import { startServer } from './start-server.ts';

/** Serves a component over HTTP until a signal asks it to stop. */
export const serve: Command = {
  name: 'serve',
  summary: 'serve a component over HTTP',
  options: [
    ...LISTEN_OPTIONS,
    'systemdListenfd',
    'idleProcessTimeout',
    'tlsCert',
    'tlsKey',
    'adminAddr',
    'adminTokenFile',
    'metricsTokenFile',
    'watch',
    ...SERVER_OPTIONS,
    ...LOG_OPTIONS,
    'shutdownAddr',
  ],
  examples: `
Examples:
  wasmcp-node serve server.wasm
  wasmcp-node serve server.wasm --addr 127.0.0.1:0 --store sqlite:/var/lib/mcp/store.db
  wasmcp-node serve server.wasm --env WASMCP_SESSION_ENABLED=true --timeout 5s
  wasmcp-node serve server.wasm --store memory:     keeps nothing after the stop
  wasmcp-node serve server.wasm --watch             reloads the component when it is rebuilt

SIGHUP reloads the component, as --watch does when its file changes. The new component takes over once it has answered a
test request; the previous one finishes the requests that it has started. If the new one cannot be served, the previous
one is kept.`,

  async run(path, options, streams, _rest, prestartedWorker) {
    // Opened first and closed last, so that probes see the start and the end.
    const logging = await openLogging(options, streams);
    let admin: Admin | undefined;
    try {
      admin = options.adminAddr && (await serveAdmin(options.adminAddr, options));
      if (admin)
        logging.streams.stderr.write(
          `Serving the page, /api/v1, /healthz, /readyz and /metrics on ${admin.url}\n`,
        );
      return await serveUntilStopped(path, options, { streams, logging, prestartedWorker, admin });
    } finally {
      await admin?.close();
      await logging.close();
    }
  },
};

/** Loaded only if needed, because most servers have none. */
async function serveAdmin(
  address: ListenAddress,
  { adminTokenFile, metricsTokenFile }: Pick<OptionValues, 'adminTokenFile' | 'metricsTokenFile'>,
): Promise<Admin> {
  const { openAdmin, readTokenFile } = await import('../server/admin/admin.ts');
  const read = async (path: string | undefined, flag: string): Promise<string | undefined> =>
    path === undefined ? undefined : readTokenFile(path, flag);
  return openAdmin(address, {
    token: await read(adminTokenFile, '--admin-token-file'),
    metricsToken: await read(metricsTokenFile, '--metrics-token-file'),
  });
}

interface Surroundings {
  /** Of the process, or replacements. */
  readonly streams: CliStreams;
  readonly logging: Logging;
  readonly prestartedWorker: PrestartedWorker | undefined;
  readonly admin: Admin | undefined;
}

async function serveUntilStopped(
  path: string,
  options: OptionValues,
  { streams: own, logging, prestartedWorker, admin }: Surroundings,
): Promise<number> {
  const { streams, output, log, access } = logging;
  const { idleProcessTimeout: idle } = options;
  const tooIdle = Promise.withResolvers<void>();
  const reached = (): void => {
    streams.stderr.write(`Stopped after ${showDuration(idle!)} without a request\n`);
    tooIdle.resolve();
  };
  const targets = listenTargets(options);
  const certificate = loadCertificate(options);
  const file = options.watch ? watchable(path) : undefined;
  let caching: Promise<string | undefined> | undefined;
  const component = await load(path, options, {
    caching(problem) {
      caching = problem;
    },
    glueMade: (glue) => prestartedWorker?.prepare(glue),
    waiting: prepareToListen,
  });
  const shutdown =
    options.shutdownAddr === undefined ? undefined : await openShutdownAddress(options.shutdownAddr);
  const { server, storeBroken } = startServer(component, await serverOptions(options, log), options, {
    output,
    access,
    ownPorts: portsOf(admin, shutdown),
    listenOn: targets,
    ...(certificate && { tls: certificate.current }),
    ...(idle && { idle: { limit: idle, reached } }),
    ...(prestartedWorker && { prestartedWorker }),
    ...(admin && { monitor: admin.monitor, administration: admin.administration }),
  });
  const stop = untilSignal();
  await server.listen();
  // Before the banner: who has read that may send a signal.
  const stopReloading = startReloading({ ...options, path, file, first: component, server, streams });
  const stopRenewing = certificate?.reloadOnSignal(streams);
  if (shutdown !== undefined) streams.stderr.write(`Listening for shutdown on ${shutdown.url}\n`);
  const cacheProblem = await caching;
  reportLoad(
    { ...component, ...(cacheProblem !== undefined && { cacheProblem }) },
    options.verbose ?? false,
    streams,
  );
  const { storeUrl = '', storeGuarantee: guarantee } = server;
  const durability = guarantee === undefined ? '' : describeGuarantee(guarantee);
  if (server.summary !== undefined) streams.stderr.write(`${server.summary}\n`);
  const endpoint = server.summary === undefined ? '' : mcpEndpoint(options.publicUrl, server.urls);
  const addresses = server.urls.map((url) => `Serving HTTP on ${url}\n`).join('');
  streams.stderr.write(`Store ${storeUrl}${durability}\n${addresses}${endpoint}`);
  const failure = await Promise.race(
    [stop, shutdown?.requested, tooIdle.promise, storeBroken].filter((end) => end !== undefined),
  );
  stopReloading();
  stopRenewing?.();
  shutdown?.close();
  await closeOnce(server, options.drain, own, failure?.exitCode);
  if (failure !== undefined) throw failure;
  return 0;
}

function describeGuarantee({ durability, engine }: StoreGuarantee): string {
  return `, durability ${durability}${engine === undefined ? '' : ` (${engine})`}`;
}

/** Sockets of systemd replace the default address, not those that the user names. */
function listenTargets({ addr, systemdListenfd }: OptionValues): ListenTarget[] {
  const inherited = systemdListenfd ? takeInheritedSockets(process.env, process.pid) : [];
  if (addr === undefined && inherited.length > 0) return inherited;
  return [...inherited, ...(addr ?? [{ host: DEFAULTS.host, port: DEFAULTS.port }])];
}

/** The ports that are for operators: guests must not reach them. */
function portsOf(...addresses: readonly ({ readonly url: string } | undefined)[]): number[] {
  const urls = addresses.flatMap((address) => address?.url ?? []).filter((url) => !url.startsWith('unix:'));
  // A URL leaves out the default port of its scheme.
  return urls.map((url) => Number(new URL(url).port || 80));
}

/** The line with the address that clients are configured with. A server on all addresses is on this machine, too. */
function mcpEndpoint(publicUrl: string | undefined, urls: readonly string[]): string {
  const address = publicUrl ?? urls.find((url) => !url.startsWith('unix:'));
  if (address === undefined) return `MCP endpoint: http://localhost/mcp through ${urls[0]}\n`;
  const url = new URL(address);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = 'localhost';
  return `MCP endpoint: ${url.href.replace(/\/+$/, '')}/mcp\n`;
}
