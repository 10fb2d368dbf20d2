import { COMMAND } from './table/command.ts';
import { LIMITS, REACH } from './table/guests.ts';
import { LISTENING } from './table/listening.ts';
import { OBSERVING } from './table/observing.ts';
import { SESSIONS } from './table/sessions.ts';
import { STORING } from './table/storing.ts';
import { WASMTIME } from './table/wasmtime.ts';
import type { OptionName, OptionRows, OptionSpec } from './types.ts';

const ROWS: OptionRows<OptionName> = {
  ...LISTENING,
  ...STORING,
  ...REACH,
  ...LIMITS,
  ...SESSIONS,
  ...OBSERVING,
  ...COMMAND,
  ...WASMTIME,
};

/** The common properties of rows, for code that reads all of them. */
interface AnyRow
  extends Partial<Pick<OptionSpec, 'environment' | 'list' | 'overridden' | 'group' | 'fallback'>> {
  readonly flags: string;
  readonly description: string;
  readonly kind?: { readonly parse: (text: string) => unknown; readonly show?: (value: never) => string };
  readonly fallbackText?: string;
}

/** The one table of options. */
export const OPTIONS: Readonly<Record<OptionName, OptionSpec>> = Object.fromEntries(
  Object.entries<AnyRow>(ROWS).map(([name, row]) => [name, specOf(row)]),
) as Record<OptionName, OptionSpec>;

function specOf({ flags, description, kind, environment, group, ...row }: AnyRow): OptionSpec {
  const { list = false, overridden = false } = row;
  return {
    flags,
    description,
    environment: environment ?? [variableOf(flags)],
    parse: kind?.parse ?? String,
    list,
    overridden,
    group,
    fallback: row.fallback,
    fallbackText:
      row.fallbackText ?? (row.fallback === undefined ? undefined : kind?.show?.(row.fallback as never)),
  };
}

/** Such as `WASMCP_NODE_MAX_BODY` for `--max-body <size>`. */
function variableOf(flags: string): string {
  return `WASMCP_NODE_${longFlag(flags).slice(2).toUpperCase().replaceAll('-', '_')}`;
}

/** Such as `--verbose` of `-v, --verbose`. */
export function longFlag(flags: string): string {
  return /--[\w-]+/.exec(flags)![0];
}
