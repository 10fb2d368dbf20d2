import { WasmcpError } from '../../host/index.ts';
import { parseListenAddress } from '../server/listen-address.ts';
import { RANGES, TOOL_NAME } from './ranges.ts';
import type { Directory, HandleNames, IsolationValue, ListenAddress } from './types.ts';

function invalid(remedy: string): WasmcpError {
  return new WasmcpError('option-invalid', remedy);
}

const UNITS_TIME: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNITS_SIZE: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

function within(value: number, [min, max]: readonly [number, number]): boolean {
  return value >= min && value <= max;
}

/** Milliseconds from `500ms`, `30s`, `5m`, `1h`; a plain number is seconds, as in wasmtime's `-W timeout`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const milliseconds = match === null ? Number.NaN : Number(match[1]) * UNITS_TIME[match[2] ?? 's']!;
  if (!within(milliseconds, RANGES.duration)) {
    throw invalid('Write a duration such as 500ms, 30s or 5m.');
  }
  return Math.round(milliseconds);
}

/** Milliseconds from `12h` or `30d`, at least one second; `off` means forever. */
export function parseRetention(text: string): number | 'off' {
  return text === 'off' ? text : longDuration(text, 'Write a duration such as 12h or 30d, or off.');
}

/** The same without `off`. */
export function parseLongDuration(text: string): number {
  return longDuration(text, 'Write a duration such as 12h or 30d.');
}

function longDuration(text: string, remedy: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text);
  const milliseconds = match === null ? Number.NaN : Number(match[1]) * UNITS_TIME[match[2]!]!;
  if (!within(milliseconds, RANGES.retention)) throw invalid(remedy);
  return Math.round(milliseconds);
}

/** `create_session,end_session,session_id`. */
export function parseHandleNames(text: string): HandleNames {
  const [create = '', end = '', argument = '', ...others] = text.split(',');
  const names = [create, end, argument];
  if (others.length > 0 || create === end || !names.every((name) => TOOL_NAME.test(name))) {
    throw invalid('Write three names, such as create_session,end_session,session_id.');
  }
  return { create, end, argument };
}

/** Bytes from `64KiB`, `10MB` or plain bytes. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(B|[KMG]i?B)?$/.exec(text);
  const bytes = match === null ? Number.NaN : Number(match[1]) * UNITS_SIZE[match[2] ?? '']!;
  if (!Number.isSafeInteger(Math.round(bytes))) {
    throw invalid('Write a size such as 64KiB, 10MB or plain bytes.');
  }
  return Math.round(bytes);
}

/** As `parseListenAddress`; a port alone means the loopback address. */
export function parseAdminAddress(text: string): ListenAddress {
  return parseListenAddress(/^:?\d+$/.test(text) ? `127.0.0.1:${text.replace(':', '')}` : text);
}

/** A path on the server, including a query. */
export function parsePath(text: string): string {
  if (!/^\/[!-~]*$/.test(text)) throw invalid('Write a path that begins with a slash, such as /health.');
  return text;
}

/** A whole number within limits. */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < min || count > max) {
      throw invalid(`Write a whole number from ${min} to ${max}.`);
    }
    return count;
  };
}

/** One of a few words. */
export function parseChoice<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((one) => one === text);
    if (choice === undefined) throw invalid(`Write one of ${choices.join(', ')}.`);
    return choice;
  };
}

/** `NAME=VALUE` for the guest's environment, or `NAME` to take the value from this process, where it may be unset. */
export function parseEnvironment(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (name === '') throw invalid('Write NAME=VALUE, or NAME to pass on a variable of this shell.');
  return [name, at >= 0 ? text.slice(at + 1) : process.env[name]];
}

/** `KEY=VALUE` for wasi:config. */
export function parseConfig(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw invalid('Write KEY=VALUE.');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `HOST`, `HOST::GUEST`, or `HOST::GUEST:ro` for a directory that the guest may only read. */
export function parseDirectory(text: string): Directory {
  const [host = '', name = host, ...rest] = text.split('::');
  const readOnly = text.includes('::') && name.endsWith(':ro');
  const guest = readOnly ? name.slice(0, -':ro'.length) : name;
  if (host === '' || guest === '' || rest.length > 0) {
    throw invalid('Write HOST, HOST::GUEST or HOST::GUEST:ro, where both are directories.');
  }
  return { host, guest, readOnly };
}

/** `request`, `fresh`, or `reuse=N` with N from 1 to 1,000,000. */
export function parseIsolation(text: string): IsolationValue {
  if (text === 'request' || text === 'fresh') return text;
  const reuse = Number(/^reuse=(\d+)$/.exec(text)?.[1]);
  if (!within(reuse, RANGES.reuse)) throw invalid('Write request, fresh or reuse=N.');
  return { reuse };
}

/** A size from one WebAssembly page, 64 KiB, to 4 GiB. */
export function parseMemorySize(text: string): number {
  const size = parseSize(text);
  if (!within(size, RANGES.memory)) throw invalid('Write a size from 64KiB to 4GiB.');
  return size;
}

/** Bytes that the host holds for a guest. With less than 1 MiB almost nothing runs. */
export function parseHostMemorySize(text: string): number {
  const size = parseSize(text);
  if (!within(size, RANGES.hostMemory)) throw invalid('Write a size of 1MiB or more.');
  return size;
}

/** Bytes of the process; Node alone needs about the minimum. */
export function parseMemoryBudget(text: string): number {
  const size = parseSize(text);
  if (size < RANGES.memoryBudget[0]) throw invalid('Write a size of 64MiB or more.');
  return size;
}
