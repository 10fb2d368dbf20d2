import { unwatchFile, watchFile } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WasmcpError } from '../../host/index.ts';
import type { Component, Server } from '../index.ts';
import type { OptionValues } from '../options/types.ts';
import type { CliStreams } from './command.ts';
import { type LoadingOptions, load } from './load.ts';
import { oneLine } from './print.ts';

/** Milliseconds between two polls of the file: polling, unlike events, works for links, mounts and network drives. */
const POLL_INTERVAL = 250;

export interface ReloadOptions extends LoadingOptions, Pick<OptionValues, 'drain'> {
  /** Where the component is loaded from. */
  readonly path: string;
  /** The file to watch, if any. */
  readonly file: string | undefined;
  readonly first: Component;
  readonly server: Pick<Server, 'reload'>;
  readonly streams: Pick<CliStreams, 'stderr'>;
}

/**
 * Reloads the component on SIGHUP, and when `file` changes. If the new one cannot be served, that is reported and the
 * previous one is kept. Returns a function that stops it.
 */
export function startReloading(options: ReloadOptions): () => void {
  const { path, file, server, streams, drain } = options;
  let serving = options.first.digest;
  let busy = false;
  let again = false;

  async function reload(): Promise<void> {
    const next = await load(path, options);
    if (next.digest === serving) return;
    await server.reload(next, drain);
    serving = next.digest;
    streams.stderr.write(`Reloaded ${oneLine(path)} (${serving})\n`);
  }

  /** One reload at a time; triggers that arrive meanwhile cause one more. */
  function trigger(): void {
    again = true;
    if (busy) return;
    busy = true;
    again = false;
    reload()
      .catch((error: Error) => {
        // No failure, not even a bug in this program, may affect the clients.
        if (error instanceof WasmcpError && error.code === 'server-closing') return;
        streams.stderr.write(`warning: keeping the previous component: ${oneLine(error.message)}\n`);
      })
      .finally(() => {
        busy = false;
        if (again) trigger();
      });
  }

  process.on('SIGHUP', trigger);
  if (file === undefined) return () => void process.off('SIGHUP', trigger);
  watchFile(file, { interval: POLL_INTERVAL }, (now) => {
    if (now.nlink > 0) trigger();
  });
  return () => {
    process.off('SIGHUP', trigger);
    unwatchFile(file, undefined);
  };
}

/**
 * The file of a component.
 *
 * @throws WasmcpError `option-invalid` when it is not a file
 */
export function watchable(path: string): string {
  if (/^file:/i.test(path)) return fileURLToPath(path);
  if (path !== '-' && !/^https?:/i.test(path)) return path;
  throw new WasmcpError(
    'option-invalid',
    `--watch needs a file, and ${path} is not one: send SIGHUP to reload it`,
  );
}
