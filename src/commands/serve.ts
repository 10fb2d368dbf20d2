import type { IdleWorkers } from '../engine/idle-worker.ts';
import { shownOn } from '../engine/terminal.ts';
import { createServer, type WasmcpError } from '../index.ts';
import type { OptionValues } from '../options/types.ts';
import { type Admin, openAdmin } from '../server/admin/admin.ts';
import type { CliStreams, Command } from './command.ts';
import { load, tellHow } from './load.ts';
import { print } from './print.ts';
import { startReloading, watchable } from './reload.ts';
import { LISTEN_OPTIONS, SERVER_OPTIONS, serverOptions } from './server-options.ts';
import { openShutdownAddress } from './shutdown-address.ts';
import { closeOnce, untilSignal } from './signals.ts';

/** Serves a component over HTTP until a signal asks it to stop. */
export const serve: Command = {
  name: 'serve',
  summary: 'serve a component over HTTP',
  options: [...LISTEN_OPTIONS, 'adminAddr', 'watch', ...SERVER_OPTIONS, 'shutdownAddr'],
  examples: `
Examples:
  wasmcp-node serve server.wasm
  wasmcp-node serve server.wasm --addr 127.0.0.1:0 --store sqlite:/var/lib/mcp/store.db
  wasmcp-node serve server.wasm --env WASMCP_SESSION_ENABLED=true --timeout 5s
  wasmcp-node serve server.wasm --store memory:     nothing is kept after the stop
  wasmcp-node serve server.wasm --watch             a rebuilt component takes over

SIGHUP takes the component anew, as --watch does when its file changes: it takes over once it has answered a request, what
the old one began it ends, and one that cannot be served leaves the old one serving.`,

  async run(path, options, streams, _rest, idleWorkers) {
    // First of all and last of all: others shall see the start and the end.
    const admin = options.adminAddr && (await openAdmin(options.adminAddr.port, options.adminAddr.host));
    try {
      if (admin) streams.stderr.write(`Serving /healthz, /readyz and /metrics on ${admin.url}\n`);
      return await serveUntilStopped(path, options, streams, idleWorkers, admin || undefined);
    } finally {
      await admin?.close();
    }
  },
};

async function serveUntilStopped(
  path: string,
  options: OptionValues,
  streams: CliStreams,
  idleWorkers: IdleWorkers | undefined,
  admin: Admin | undefined,
): Promise<number> {
  const file = options.watch ? watchable(path) : undefined;
  const component = await load(path, options);
  const shutdown =
    options.shutdownAddr === undefined ? undefined : await openShutdownAddress(options.shutdownAddr);
  const { outgoing, ...rest } = await serverOptions(options, streams);
  const broken = Promise.withResolvers<WasmcpError>();
  const shown = { stdout: shownOn(streams.stdout), stderr: shownOn(streams.stderr) };
  const server = createServer(component, {
    ...rest,
    outgoing: { ...outgoing, ownPorts: portsOf(admin, shutdown) },
    ...(idleWorkers && { idleWorkers }),
    ...(admin && { monitor: admin.monitor }),
    storeBroken: broken.resolve,
    maxConnections: options.maxConnections,
    keepAlive: options.keepAlive,
    bodyTimeout: options.bodyTimeout,
    output: (stream, bytes) => print(streams[stream], shown[stream](bytes)),
  });
  // Whoever read the output has gone: that is no reason to stop serving.
  for (const stream of [streams.stdout, streams.stderr]) stream.on('error', () => {});
  const stop = untilSignal();
  const url = await server.listen(options.addr.port, options.addr.host);
  // Before the banner: whoever has read that may send a signal.
  const stopReloading = startReloading({ ...options, path, file, first: component, server, streams });
  if (shutdown !== undefined) streams.stderr.write(`Listening for shutdown on ${shutdown.url}\n`);
  tellHow(component, options.verbose ?? false, streams);
  const { storeUrl = '' } = server;
  const lasts = storeUrl.startsWith('sqlite:') ? `, durability ${options.durability}` : '';
  if (server.summary !== undefined) streams.stderr.write(`${server.summary}\n`);
  streams.stderr.write(`Store ${storeUrl}${lasts}\nServing HTTP on ${url}\n`);
  const failure = await Promise.race(
    [stop, shutdown?.requested, broken.promise].filter((end) => end !== undefined),
  );
  stopReloading();
  shutdown?.close();
  await closeOnce(server, options.drain, streams, failure?.exitCode);
  if (failure !== undefined) throw failure;
  return 0;
}

/** Where those are heard who look after the server: guests have no business there. */
function portsOf(...addresses: readonly ({ readonly url: string } | undefined)[]): number[] {
  const urls = addresses.flatMap((address) => address?.url ?? []);
  // A URL does not spell its scheme's own port out.
  return urls.map((url) => Number(new URL(url).port || 80));
}
