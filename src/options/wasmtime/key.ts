import { WasmcpError } from '../../../host/index.ts';
import type { Changes, Meaning } from '../types.ts';

/** One key of `-S`, `-W` and similar options. */
export interface Key {
  /** What may follow the key, as in wasmtime's help: `[=y|n]`, `=N`. */
  readonly form: string;
  /** For the reference: what it means here. */
  readonly summary: string;
  /**
   * Returns the meaning of the text after `=`, which is undefined if there is none.
   *
   * @throws WasmcpError `option-invalid`
   */
  read(text: string | undefined): Meaning;
}

const YES_OR_NO = '[=y|n]';

/** The key enables what is always enabled here; `n` is not supported, for this reason. */
export function always(otherwise: string): Key {
  return {
    form: YES_OR_NO,
    summary: `already so; \`n\`: ${otherwise}`,
    read: (text) => (yesOrNo(text) ? 'holds' : { warning: otherwise }),
  };
}

/** The key enables what is not supported, for this reason; `n` has no effect. */
export function never(reason: string): Key {
  return {
    form: YES_OR_NO,
    summary: reason,
    read: (text) => (yesOrNo(text) ? { warning: reason } : 'holds'),
  };
}

/** `y` and `n` make no observable difference. */
export function eitherWay(reason: string): Key {
  return within(reason, YES_OR_NO, yesOrNo);
}

/** Every value is satisfied, for this reason. */
export function within(reason: string, form: string, check: (text: string | undefined) => unknown): Key {
  return {
    form,
    summary: reason,
    read(text) {
      check(text);
      return 'holds';
    },
  };
}

/** A flag that sets one of our options. */
export function flag(option: string, change: (on: boolean) => Changes): Key {
  return { form: YES_OR_NO, summary: option, read: (text) => ({ changes: change(yesOrNo(text)) }) };
}

/** No value is supported, for this reason; `check` refuses what wasmtime refuses. */
export function without(reason: string, form: string, check: (text: string | undefined) => unknown): Key {
  return {
    form,
    summary: reason,
    read(text) {
      check(text);
      return { warning: reason };
    },
  };
}

/** A value that sets one of our options. */
export function value<T>(
  form: string,
  option: string,
  parse: (text: string | undefined) => T,
  change: (value: T) => Changes,
): Key {
  return { form, summary: option, read: (text) => ({ changes: change(parse(text)) }) };
}

function invalid(remedy: string): WasmcpError {
  return new WasmcpError('option-invalid', remedy);
}

/** `y`, `yes`, `true` or nothing at all; `n`, `no`, `false`. */
export function yesOrNo(text: string | undefined): boolean {
  if (text === undefined || ['y', 'yes', 'true'].includes(text)) return true;
  if (['n', 'no', 'false'].includes(text)) return false;
  throw invalid('Write y or n after the equals sign, or nothing.');
}

/** Any text; it is required. */
export function given(text: string | undefined): string {
  if (text === undefined) throw invalid('Write a value after an equals sign.');
  return text;
}

/** `1000`, `1_000` or `0x3e8`. */
export function number(text: string | undefined): number {
  const digits = given(text).replaceAll('_', '');
  if (!/^(\+?\d+|0x[0-9a-f]+)$/i.test(digits)) throw invalid('Write a whole number, plain or with 0x.');
  return Number(digits);
}

/** One of these words. */
export function oneOf(...words: readonly string[]): (text: string | undefined) => void {
  return (text) => {
    if (!words.includes(given(text))) throw invalid(`Write one of ${words.join(', ')}.`);
  };
}

/** `NAME=VALUE`; a name alone has an empty value. */
export function pair(text: string | undefined): [string, string] {
  const [name, ...rest] = given(text).split('=');
  return [name!, rest.join('=')];
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 1e-3, μs: 1e-3, ns: 1e-6 };
/** The longest delay of a Node timer. */
const MAX_TIMER = 2 ** 31 - 1;

/** Milliseconds, at least one, from `5`, `5s`, `500ms`, `10us`, `10ns`: whole numbers, seconds without a unit. */
export function duration(text: string | undefined): number {
  const match = /^\+?(\d+)(s|ms|us|μs|ns)?$/.exec(given(text));
  if (match === null) throw invalid('Write a duration such as 5, 5s or 500ms.');
  const milliseconds = Number(match[1]) * UNITS[match[2] ?? 's']!;
  return Math.min(Math.max(Math.round(milliseconds), 1), MAX_TIMER);
}
