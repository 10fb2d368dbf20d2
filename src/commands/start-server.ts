import type { Writable } from 'node:stream';
import { free, shownOn } from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import { createRequestObservers, type RequestObserver } from '../http/request-observers.ts';
import type { Server, ServerOptions, WasmcpError } from '../index.ts';
import type { OptionValues } from '../options/types.ts';
import type { ServerInternals } from '../server/options.ts';
import { createServer } from '../server/server.ts';
import { print } from './print.ts';

export interface StartedServer {
  readonly server: Server;
  /** Resolves when the store has failed: the process should end. */
  readonly storeBroken: Promise<WasmcpError>;
}

export interface ServerSurroundings extends ServerInternals {
  /** Who observes the requests, in addition to others. */
  readonly access?: RequestObserver | undefined;
  /** Where the output of guests goes. */
  readonly output: Readonly<Record<'stdout' | 'stderr', Writable>>;
}

/** The server of `serve`, `exec` and `stdio`. It does not listen yet. */
export function startServer(
  component: LoadedComponent,
  options: ServerOptions,
  { header = [] }: Pick<OptionValues, 'header'>,
  { output, access, ...internals }: ServerSurroundings,
): StartedServer {
  const broken = Promise.withResolvers<WasmcpError>();
  const stdout = shownOn(output.stdout);
  const shown = { stdout, stderr: output.stderr === output.stdout ? stdout : shownOn(output.stderr) };
  // A reader of the output that has gone, or a full disk, is no reason to stop serving.
  for (const stream of new Set([output.stdout, output.stderr])) stream.on('error', () => {});
  const server = createServer(
    component,
    {
      ...options,
      storeBroken: broken.resolve,
      async output(stream, bytes) {
        await print(output[stream], shown[stream](bytes));
        // Only a stream of the system has written it by then; others may pass it on.
        if ('fd' in output[stream]) free(bytes);
      },
    },
    { ...withObserver(internals, access), requestHeaders: header.flat() },
  );
  return { server, storeBroken: broken.promise };
}

/** Without an observer, requests are not observed, unless the monitor does it. */
function withObserver(internals: ServerInternals, observer: RequestObserver | undefined): ServerInternals {
  if (observer === undefined) return internals;
  const observers = internals.monitor?.observers ?? createRequestObservers();
  observers.add(observer);
  return { ...internals, observers };
}
