import { RANGES } from '../ranges.ts';
import { longFlag, OPTIONS } from '../table.ts';
import type { Changes, Meaning, OptionName, OptionValues, Setting } from '../types.ts';

/** Translates a command line of wasmtime into our options. */
export interface Translated {
  readonly options: OptionValues;
  /** One line for each thing that is not supported, with the keys that ask for it. */
  readonly warnings: readonly string[];
}

/**
 * Sets the options that have the meaning of wasmtime's. Those that were given explicitly, see `given`, take precedence.
 *
 * @throws WasmcpError `option-invalid` for a `--config` file
 */
export async function translate(
  values: OptionValues,
  given: (name: OptionName) => boolean,
): Promise<Translated> {
  const options = { ...values };
  /** The keys, by the text of their warning. */
  const warnings = new Map<string, string[]>();

  function warn(name: string, text: string): void {
    warnings.set(text, [...(warnings.get(text) ?? []), name]);
  }

  function set<N extends OptionName>(name: string, option: N, value: OptionValues[N]): void {
    if (!given(option)) options[option] = value;
    else if (JSON.stringify(options[option]) !== JSON.stringify(value)) {
      warn(name, `${flagOf(option)} is given too and takes precedence; leave one of them out`);
    }
  }

  /** The limit of all memories together stays in force, and may be the lower one. */
  function limitEach(name: string, size: number): void {
    set(name, 'maxEachMemory', size);
    if (size > options.maxMemory) {
      warn(name, '--max-memory, the limit of all memories of a guest together, is lower; raise it as well');
    }
  }

  function change(name: string, { configVar, preset, ...single }: Changes): void {
    // Ours come last, so that they take precedence.
    if (configVar !== undefined) options.configVar = [...configVar, ...(options.configVar ?? [])];
    if (preset !== undefined) options.preset = [...preset, ...(options.preset ?? [])];
    if (single.timeout !== undefined) set(name, 'timeout', single.timeout);
    if (single.fuel !== undefined) set(name, 'fuel', single.fuel);
    if (single.maxEachMemory !== undefined) limitEach(name, single.maxEachMemory);
    if (single.allowWasmGc !== undefined) set(name, 'allowWasmGc', single.allowWasmGc);
    if (single.inheritEnv !== undefined) set(name, 'inheritEnv', single.inheritEnv);
  }

  const file = values.config === undefined ? [] : await configFile(values.config);
  for (const [name, meaning] of effective([...file, ...settingsOf(values)])) {
    if (meaning === 'holds') continue;
    if ('warning' in meaning) warn(name, meaning.warning);
    else change(name, meaning.changes);
  }

  const reuse = values.maxInstanceReuseCount;
  if (reuse !== undefined && reuse > 1) {
    set('--max-instance-reuse-count', 'isolation', { reuse: Math.min(reuse, RANGES.reuse[1]) });
    if (values.idleInstanceTimeout !== undefined) {
      warn('--idle-instance-timeout', 'instances wait for their next request without a limit');
    }
  }
  const connections = values.maxConcurrentConnections;
  if (connections !== undefined) {
    set('--max-concurrent-connections', 'maxConnections', Math.min(connections, RANGES.maxConnections[1]));
  }
  if (values.target !== undefined) warn('--target', 'guests always run on this machine; leave it out');
  if (values.allowPrecompiled) warn('--allow-precompiled', 'only .wasm files are supported, not .cwasm');
  if (values.profile !== undefined) warn('--profile', 'profile with node --cpu-prof; leave it out');
  for (const [name, value] of values.env ?? []) {
    if (value === undefined) warn(`--env ${name}`, 'not set in this shell, so it is not passed to the guest');
  }
  return { options, warnings: [...warnings].map(([text, names]) => `${names.join(', ')}: ${text}`) };
}

/** The parser is loaded only when there is a file. */
async function configFile(path: string): Promise<Setting[]> {
  const { readConfigFile } = await import('./config-file.ts');
  return readConfigFile(path);
}

function settingsOf(values: OptionValues): Setting[] {
  const { wasi = [], wasm = [], optimize = [], codegen = [], debug = [], record = [] } = values;
  return [wasi, wasm, optimize, codegen, debug, record].flat(2);
}

/** Of several values of one key the last counts, unless each adds to a list. */
function* effective(settings: readonly Setting[]): Iterable<[string, Meaning]> {
  const last = new Map<string, Meaning>();
  const listed: [string, Meaning][] = [];
  for (const { name, meaning } of settings) {
    if (typeof meaning === 'object' && 'changes' in meaning && isList(meaning.changes)) {
      // In reverse order, because each one is prepended.
      listed.unshift([name, meaning]);
    } else last.set(name, meaning);
  }
  yield* last;
  yield* listed;
}

function isList({ configVar, preset }: Changes): boolean {
  return configVar !== undefined || preset !== undefined;
}

function flagOf(option: OptionName): string {
  return longFlag(OPTIONS[option].flags);
}
