import { WasmcpError } from '../../../host/index.ts';
import type { Setting } from '../types.ts';
import type { Key } from './key.ts';
import { CODEGEN_KEYS, DEBUG_KEYS, OPTIMIZE_KEYS, RECORD_KEYS } from './tuning.ts';
import { WASI_KEYS } from './wasi.ts';
import { WASM_KEYS } from './wasm.ts';

export type GroupName = 'wasi' | 'wasm' | 'optimize' | 'codegen' | 'debug' | 'record';

/** One option of wasmtime that takes a list of keys. */
export interface Group {
  /** Including its dash, such as `-S`. */
  readonly flag: string;
  readonly keys: Readonly<Record<string, Key>>;
}

/** By the long name of the option, which is also the name of the table in a `--config` file. */
export const GROUPS: Readonly<Record<GroupName, Group>> = {
  wasi: { flag: '-S', keys: WASI_KEYS },
  wasm: { flag: '-W', keys: WASM_KEYS },
  optimize: { flag: '-O', keys: OPTIMIZE_KEYS },
  codegen: { flag: '-C', keys: CODEGEN_KEYS },
  debug: { flag: '-D', keys: DEBUG_KEYS },
  record: { flag: '-R', keys: RECORD_KEYS },
};

/**
 * The settings in `cli,config-var=A=B,inherit-env=n`, the value of `-S`. A key that wasmtime 48 does not know is a warning.
 *
 * @throws WasmcpError `option-invalid` for a value that its key does not take
 */
export function parseGroup(group: GroupName): (text: string) => Setting[] {
  // An equals sign may separate a short option from its value: -S=cli.
  return (text) =>
    text
      .replace(/^=/, '')
      .split(',')
      .map((word) => {
        const at = word.indexOf('=');
        return at < 0
          ? readSetting(group, word, undefined)
          : readSetting(group, word.slice(0, at), word.slice(at + 1));
      });
}

/** @throws WasmcpError `option-invalid` */
export function readSetting(group: GroupName, word: string, text: string | undefined): Setting {
  const { flag, keys } = GROUPS[group];
  const name = `${flag} ${word}`;
  const key = Object.hasOwn(keys, word) ? keys[word] : prefixed(keys, word);
  if (key === undefined) {
    return { name, meaning: { warning: 'no such key in wasmtime 48' } };
  }
  try {
    return { name, meaning: key.read(text) };
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    throw new WasmcpError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

function prefixed(keys: Readonly<Record<string, Key>>, word: string): Key | undefined {
  return Object.entries(keys).find(([name]) => name.endsWith('-') && word.startsWith(name))?.[1];
}
