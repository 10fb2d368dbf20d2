import { unwatchFile, watchFile } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Component, type Server, WasmcpError } from '../index.ts';
import type { OptionValues } from '../options/types.ts';
import type { CliStreams } from './command.ts';
import { type LoadingOptions, load } from './load.ts';
import { oneLine } from './print.ts';

/** Milliseconds between two looks at the file: looking, unlike being told, works for links, mounts and network drives. */
const LOOK_INTERVAL = 250;

export interface ReloadOptions extends LoadingOptions, Pick<OptionValues, 'drain'> {
  /** Where the component came from. */
  readonly path: string;
  /** The file to watch, if one is to be watched. */
  readonly file: string | undefined;
  readonly first: Component;
  readonly server: Pick<Server, 'reload'>;
  readonly streams: Pick<CliStreams, 'stderr'>;
}

/**
 * Takes the component anew on SIGHUP, and whenever `file` changes; one that cannot be served is told of and leaves the
 * old one serving. The answer stops it.
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

  /** One at a time; of those that come meanwhile the last one counts. */
  function trigger(): void {
    again = true;
    if (busy) return;
    busy = true;
    again = false;
    reload()
      .catch((error: Error) => {
        // Whatever it is, a bug of ours included: those who are served shall not pay for it.
        if (error instanceof WasmcpError && error.code === 'server-closing') return;
        streams.stderr.write(`warning: the old component serves on: ${oneLine(error.message)}\n`);
      })
      .finally(() => {
        busy = false;
        if (again) trigger();
      });
  }

  process.on('SIGHUP', trigger);
  if (file === undefined) return () => void process.off('SIGHUP', trigger);
  watchFile(file, { interval: LOOK_INTERVAL }, (now) => {
    if (now.nlink > 0) trigger();
  });
  return () => {
    process.off('SIGHUP', trigger);
    unwatchFile(file, undefined);
  };
}

/**
 * The file that a component comes from.
 *
 * @throws WasmcpError `option-invalid` when it comes from elsewhere
 */
export function watchable(path: string): string {
  if (/^file:/i.test(path)) return fileURLToPath(path);
  if (path !== '-' && !/^https?:/i.test(path)) return path;
  throw new WasmcpError(
    'option-invalid',
    `--watch needs a file, ${path} is none: send SIGHUP to take it anew`,
  );
}
