import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Durability } from '../../host/index.ts';

const ROOT: string = join(import.meta.dirname, '../..');

/** `wasmcp-node serve` with one of the fixtures, in a process of its own. */
export interface ServedStore {
  readonly url: string;
  readonly child: ChildProcess;
  /** Its output on stderr so far. */
  readonly log: () => string;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

interface CommonSettings {
  readonly durability: Durability;
  /** `kv-draft` by default. */
  readonly component?: string;
  readonly workers?: number;
  /** More of its options. */
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command, such as `nice`. */
  readonly wrapper?: readonly string[];
}

/** The store, or the path of one in a file. */
export type ServeSettings = CommonSettings & ({ readonly path: string } | { readonly store: string });

export async function serveStore(settings: ServeSettings): Promise<ServedStore> {
  const { durability, component = 'kv-draft', workers = 2, options = [], env, wrapper = [] } = settings;
  const [command, ...args] = [...wrapper, process.execPath];
  const child = spawn(
    command!,
    [
      ...args,
      join(ROOT, 'bin/wasmcp-node.js'),
      'serve',
      join(ROOT, `fixtures/${component}.wasm`),
      '--addr=127.0.0.1:0',
      `--store=${'store' in settings ? settings.store : `sqlite:${settings.path}`}`,
      `--durability=${durability}`,
      `--workers=${workers}`,
      ...options,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } },
  );
  let text = '';
  const ended = once(child, 'close').then(([status, signal]) => (status ?? signal) as number | string);
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const banner = /^Serving HTTP on (http:\S+)\/$/m.exec(text);
      if (banner !== null) resolve(banner[1]!);
    });
    void ended.then((status) => reject(new Error(`serve ended with ${status}: ${text}`)));
  });
  return { url, child, log: () => text, ended };
}
