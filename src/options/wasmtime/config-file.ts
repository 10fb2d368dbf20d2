import { readFile } from 'node:fs/promises';
import { WasmcpError } from '../../../host/index.ts';
import { GROUPS, type GroupName, readSetting, type Setting } from './groups.ts';
import { parseToml } from './toml.ts';

/**
 * The settings in a file of `--config`.
 *
 * @throws WasmcpError `option-invalid`
 */
export async function readConfigFile(path: string): Promise<Setting[]> {
  try {
    return parseToml(await readFile(path, 'utf8')).flatMap(({ table, key, values }) => {
      if (!isGroup(table)) {
        return [{ name: `[${table}] ${key}`, meaning: { warning: 'no such table in wasmtime 48' } }];
      }
      return values.map((value) => readSetting(table, key, value));
    });
  } catch (error) {
    const reason = (error as Error).message;
    throw new WasmcpError('option-invalid', `--config ${path} cannot be used: ${reason}`, { cause: error });
  }
}

function isGroup(name: string): name is GroupName {
  return Object.hasOwn(GROUPS, name);
}
