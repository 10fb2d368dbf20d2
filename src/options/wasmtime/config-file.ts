import { readFile } from 'node:fs/promises';
import { parse, TomlError, type TomlTable, type TomlValue } from 'smol-toml';
import { WasmcpError } from '../../../host/index.ts';
import type { Setting } from '../types.ts';
import { GROUPS, type GroupName, readSetting } from './groups.ts';

const NANOSECONDS = 1_000_000_000n;
const VALUE = 'write a string, a whole number, true or false, a list of these, or { secs = 5, nanos = 0 }';

/**
 * The settings in a file of `--config`.
 *
 * @throws WasmcpError `option-invalid`
 */
export async function readConfigFile(path: string): Promise<Setting[]> {
  try {
    return Object.entries(parseToml(await readFile(path, 'utf8'))).flatMap(([table, keys]) =>
      isTable(keys) ? settingsOf(table, keys) : [ignored(table, 'it is in no table, such as [wasi]')],
    );
  } catch (error) {
    const reason = (error as Error).message;
    throw new WasmcpError('option-invalid', `--config ${path} cannot be used: ${reason}`, { cause: error });
  }
}

function parseToml(text: string): TomlTable {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // After the first line, the parser draws the position.
    const reason = error.message.split('\n')[0]!.replace('Invalid TOML document: ', '');
    throw new WasmcpError('option-invalid', `line ${error.line} is not valid TOML: ${reason}`, {
      cause: error,
    });
  }
}

function settingsOf(table: string, keys: TomlTable): Setting[] {
  return Object.entries(keys).flatMap(([key, value]) => {
    if (!isGroup(table)) return [ignored(`[${table}] ${key}`, 'no such table in wasmtime 48')];
    const words = wordsOf(value);
    if (words === undefined) throw new WasmcpError('option-invalid', `[${table}] ${key}: ${VALUE}`);
    return words.map((word) => readSetting(table, key, word));
  });
}

function ignored(name: string, warning: string): Setting {
  return { name, meaning: { warning } };
}

/** A value as it would be written on a command line; undefined if that is impossible. */
function wordsOf(value: TomlValue): string[] | undefined {
  if (isTable(value)) return durationOf(value);
  if (!Array.isArray(value)) return isScalar(value) ? [String(value)] : undefined;
  return value.every(isScalar) ? value.map(String) : undefined;
}

/** Whole numbers are read as bigint; a `number` has a fraction. */
function isScalar(value: TomlValue): value is string | bigint | boolean {
  return ['string', 'bigint', 'boolean'].includes(typeof value);
}

/** The form in a file of `timeout=5s` on the command line. */
function durationOf({ secs, nanos = 0n, ...others }: TomlTable): string[] | undefined {
  if (typeof secs !== 'bigint' || typeof nanos !== 'bigint' || Object.keys(others).length > 0)
    return undefined;
  return [`${secs * NANOSECONDS + nanos}ns`];
}

function isTable(value: TomlValue): value is TomlTable {
  // Dates have a prototype of their own.
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function isGroup(name: string): name is GroupName {
  return Object.hasOwn(GROUPS, name);
}
