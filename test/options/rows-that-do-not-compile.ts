import { DURATION, ISOLATION, SIZE } from '../../src/options/kinds.ts';
import type { OptionAdjustments, OptionRow, OptionRows } from '../../src/options/types.ts';

/** Checked by the compiler alone: a line that compiles although it is expected not to is an error. */
export function rowsThatDoNotCompile(): unknown[] {
  const duration = { flags: '--timeout <duration>', description: '' } as const;
  const mode = { flags: '--isolation <mode>', description: '' } as const;
  const flag = { flags: '--watch', description: '' } as const;
  const right: OptionRow<'timeout'> = { ...duration, kind: DURATION, fallback: 1000 };
  // @ts-expect-error a default of another type than the value
  const wrongDefault: OptionRow<'timeout'> = { ...duration, kind: DURATION, fallback: '1s' };
  // @ts-expect-error a word that is none of the choices
  const wrongWord: OptionRow<'isolation'> = { ...mode, kind: ISOLATION, fallback: 'never' };
  // @ts-expect-error a kind of another type than the value
  const wrongKind: OptionRow<'isolation'> = { ...mode, kind: SIZE, fallback: 'request' };
  // @ts-expect-error no default for an option that is always there
  const noDefault: OptionRow<'timeout'> = { ...duration, kind: DURATION };
  // @ts-expect-error a default for an option that may be missing
  const needlessDefault: OptionRow<'watch'> = { ...flag, fallback: true };
  // @ts-expect-error a flag with a value for an option that is true or false
  const wrongFlag: OptionRow<'watch'> = { flags: '--watch <file>', description: '', kind: SIZE };
  // @ts-expect-error no list for an option that may be given several times
  const noList: OptionRow<'bucket'> = { flags: '--bucket <name>', description: '' };
  // @ts-expect-error a row is missing
  const missingRow: OptionRows<'timeout' | 'watch'> = { watch: flag };
  // @ts-expect-error a command's own default of another type
  const wrongAdjustment: OptionAdjustments = { timeout: { fallback: '1s' } };
  return [
    ...[right, wrongDefault, wrongWord, wrongKind, noDefault, needlessDefault],
    ...[wrongFlag, noList, missingRow, wrongAdjustment],
  ];
}
