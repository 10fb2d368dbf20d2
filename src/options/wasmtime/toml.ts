import { WasmcpError } from '../../../host/index.ts';

/** One `key = value` of a file, under the `[table]` before it; a value as it would stand on a command line. */
export interface TomlEntry {
  readonly table: string;
  readonly key: string;
  readonly values: readonly string[];
}

const STRING = String.raw`"(?:[^"\\]|\\.)*"|'[^']*'`;
const SCALAR = String.raw`${STRING}|true|false|[+-]?(?:0x[\da-fA-F_]+|\d[\d_]*)`;
const LINE: RegExp = new RegExp(
  String.raw`^\s*(?:([A-Za-z0-9_-]+)\s*=\s*(${SCALAR}|\[[^\]]*\]|\{[^}]*\}))?\s*(?:#.*)?$`,
);
const TABLE = /^\s*\[\s*([A-Za-z0-9_-]+)\s*\]\s*(?:#.*)?$/;

/**
 * The part of TOML that wasmtime's `--config` files are written in: tables, strings, whole numbers, booleans, lists of
 * them in one line, and `{ secs = 5, nanos = 0 }` for a duration.
 *
 * @throws WasmcpError `option-invalid`
 */
export function parseToml(text: string): TomlEntry[] {
  const entries: TomlEntry[] = [];
  let table = '';
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const header = TABLE.exec(line);
    const entry = LINE.exec(line);
    if (header !== null) table = header[1]!;
    else if (entry?.[1] !== undefined) {
      const values = readValues(entry[2]!);
      if (values === undefined) throw unreadable(index);
      entries.push({ table, key: entry[1], values });
    } else if (entry === null) throw unreadable(index);
  }
  return entries;
}

function unreadable(index: number): WasmcpError {
  return new WasmcpError('option-invalid', `line ${index + 1} is not read: write key = value, in one line`);
}

function readValues(text: string): string[] | undefined {
  if (text.startsWith('{')) return readDuration(text);
  if (!text.startsWith('[')) return [readScalar(text)];
  const inside = text.slice(1, -1).trim().replace(/,$/, '');
  const items = inside.match(new RegExp(SCALAR, 'g')) ?? [];
  const isList = new RegExp(String.raw`^(?:(?:${SCALAR})\s*(?:,\s*|$))*$`).test(inside);
  return isList ? items.map(readScalar) : undefined;
}

function readScalar(text: string): string {
  if (text.startsWith('"')) return String(JSON.parse(text));
  return text.startsWith("'") ? text.slice(1, -1) : text;
}

/** How the file has to say what is `timeout=5s` on the command line. */
function readDuration(text: string): string[] | undefined {
  const match = /^\{\s*secs\s*=\s*(\d+)\s*(?:,\s*nanos\s*=\s*(\d+)\s*)?\}$/.exec(text);
  return match === null ? undefined : [`${BigInt(match[1]!) * 1_000_000_000n + BigInt(match[2] ?? 0)}ns`];
}
