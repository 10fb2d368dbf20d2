import { nearest } from './nearest.ts';
import type { Preopen, ProtectedPath } from './options.ts';

/** @throws TypeError that names the option, what it can be, and what it is */
export type OptionCheck = (value: unknown, name: string) => void;

/** A check for every option: a missing one does not compile. */
export type OptionChecks<T> = { readonly [N in keyof Required<T>]: OptionCheck };

/**
 * Checks the options of a library function before anything is opened or started. An undefined option counts as absent.
 *
 * @param where the function whose options they are
 * @throws TypeError
 */
export function checkOptions(
  where: string,
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
): void {
  fields(checks)(options, where);
}

/** Expects an object with no other fields than these. */
export function fields(checks: Readonly<Record<string, OptionCheck>>): OptionCheck {
  return (value, name) => {
    if (!isObject(value)) refuse(name, 'an object of options', value);
    for (const [key, field] of Object.entries(value)) {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (check === undefined) refuseName(name, key, checks);
      if (field !== undefined) check(field, name.includes(': ') ? `${name}.${key}` : `${name}: ${key}`);
    }
  };
}

export function wholeNumber(min: number, max: number): OptionCheck {
  const isValid = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return expecting(`a whole number from ${min} to ${max}`, isValid);
}

export function milliseconds(min: number, max: number): OptionCheck {
  const isValid = (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max;
  return expecting(`milliseconds from ${min} to ${max}`, isValid);
}

export function bytes(min: number, max: number = Number.MAX_SAFE_INTEGER): OptionCheck {
  const isValid = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  const upTo = max === Number.MAX_SAFE_INTEGER ? ' or more' : ` to ${max}`;
  return expecting(`a whole number of bytes, ${min}${upTo}`, isValid);
}

export function oneOf(...choices: readonly string[]): OptionCheck {
  const words = choices.map((choice) => `"${choice}"`).join(', ');
  return expecting(`one of ${words}`, (value) => choices.includes(value as string));
}

export function either(expected: string, ...checks: readonly OptionCheck[]): OptionCheck {
  return expecting(expected, (value) => checks.some((check) => passes(check, value)));
}

export function listOf(expected: string, element: OptionCheck): OptionCheck {
  return (value, name) => {
    if (!Array.isArray(value)) refuse(name, expected, value);
    for (const [index, one] of value.entries()) element(one, `${name}[${index}]`);
  };
}

export const text: OptionCheck = expecting('a string', (value) => typeof value === 'string');
export const flag: OptionCheck = expecting('true or false', (value) => typeof value === 'boolean');
export const callback: OptionCheck = expecting('a function', (value) => typeof value === 'function');
export const object: OptionCheck = expecting('an object', isObject);
export const texts: OptionCheck = listOf('a list of strings', text);
/** An object of strings, such as environment variables. */
export const dictionary: OptionCheck = (value, name) => {
  if (!isObject(value)) refuse(name, 'an object of strings', value);
  for (const [key, one] of Object.entries(value))
    if (typeof one !== 'string') refuse(`${name}.${key}`, 'a string', one);
};
export const pairs: OptionCheck = expecting(
  'a list of pairs of strings',
  (value) =>
    Array.isArray(value) &&
    value.every(
      (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'),
    ),
);

const FOLDER: OptionChecks<Preopen> = { host: text, guest: text, readOnly: flag };
const PATH: OptionChecks<ProtectedPath> = { path: text, kind: oneOf('file', 'database', 'folder') };
export const folders: OptionCheck = listOf('a list of folders', fields(FOLDER));
export const paths: OptionCheck = listOf('a list of paths', fields(PATH));

function expecting(expected: string, isValid: (value: unknown) => boolean): OptionCheck {
  return (value, name) => {
    if (!isValid(value)) refuse(name, expected, value);
  };
}

function passes(check: OptionCheck, value: unknown): boolean {
  try {
    check(value, '');
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(name: string, expected: string, value: unknown): never {
  throw new TypeError(`${name} must be ${expected}, not ${show(value)}`);
}

function refuseName(where: string, name: string, checks: Readonly<Record<string, unknown>>): never {
  const meant = nearest(name, Object.keys(checks));
  throw new TypeError(
    `${where} has no option "${show(name).slice(1, -1)}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  );
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : String(value);
}
