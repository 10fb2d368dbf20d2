import { parseOutgoingPattern } from '../../host/index.ts';
import { parseAddress, parseListenAddress } from '../server/listen-address.ts';
import {
  parseAdminAddress,
  parseChoice,
  parseConfig,
  parseCount,
  parseDirectory,
  parseDuration,
  parseEnvironment,
  parseHandleNames,
  parseHostMemorySize,
  parseIsolation,
  parseLongDuration,
  parseMemoryBudget,
  parseMemorySize,
  parsePath,
  parseRetention,
  parseSize,
} from './parse.ts';
import { RANGES } from './ranges.ts';
import { showDuration, showSize } from './show.ts';
import type { Address, Directory, HandleNames, IsolationValue, Kind, ListenAddress } from './types.ts';

export const DURATION: Kind<number> = { parse: parseDuration, show: showDuration };
export const DURATION_OR_OFF: Kind<number | 'off'> = {
  parse: (text) => (text === 'off' ? text : parseDuration(text)),
  show: (value) => (value === 'off' ? value : showDuration(value)),
};
export const RETENTION: Kind<number | 'off'> = {
  parse: parseRetention,
  show: (value) => (value === 'off' ? value : showDuration(value)),
};

export const LONG_DURATION: Kind<number> = { parse: parseLongDuration, show: showDuration };
export const HANDLE_NAMES: Kind<HandleNames> = {
  parse: parseHandleNames,
  show: ({ create, end, argument }) => `${create},${end},${argument}`,
};

export const SIZE: Kind<number> = { parse: parseSize, show: showSize };
export const MEMORY: Kind<number> = { parse: parseMemorySize, show: showSize };
export const HOST_MEMORY: Kind<number> = { parse: parseHostMemorySize, show: showSize };
export const MEMORY_BUDGET: Kind<number> = { parse: parseMemoryBudget, show: showSize };

export const ADDRESS: Kind<Address> = { parse: parseAddress };
export const LISTEN_ADDRESS: Kind<ListenAddress> = { parse: parseListenAddress };
export const ADMIN_ADDRESS: Kind<ListenAddress> = { parse: parseAdminAddress };
export const PATH: Kind<string> = { parse: parsePath };

export const VARIABLE: Kind<[string, string | undefined]> = { parse: parseEnvironment };
export const ASSIGNMENT: Kind<[string, string]> = { parse: parseConfig };
export const DIRECTORY: Kind<Directory> = { parse: parseDirectory };
export const OUTBOUND: Kind<string> = checkedBy(parseOutgoingPattern);
export const ISOLATION: Kind<IsolationValue> = { parse: parseIsolation };
export const CONNECTIONS: Kind<number> = count(...RANGES.maxConnections);
export const STORE_CONNECTIONS: Kind<number> = count(...RANGES.storeConnections);

/** A whole number within limits. */
export function count(min: number, max: number): Kind<number> {
  return { parse: parseCount(min, max) };
}

/** One of a few words. */
export function choice<T extends string>(...choices: readonly T[]): Kind<T> {
  return { parse: parseChoice(...choices) };
}

/** The text itself, if `parse` accepts it. */
export function checkedBy(parse: (text: string) => unknown): Kind<string> {
  return {
    parse(text) {
      parse(text);
      return text;
    },
  };
}
