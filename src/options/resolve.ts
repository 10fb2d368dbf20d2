import { checkOptions, type OptionChecks } from '../../host/index.ts';

/** Options in which those with a default are always present. */
export type Resolved<O, K extends keyof O> = Omit<O, K> & { readonly [N in K]-?: Exclude<O[N], undefined> };

/**
 * Checks the options that a program passes, and adds the defaults of options that are missing or undefined.
 *
 * @param where the function to which they are passed
 * @throws TypeError
 */
export function resolveOptions<O extends object, K extends keyof O>(
  where: string,
  options: O,
  checks: OptionChecks<O>,
  defaults: { readonly [N in K]: Exclude<O[N], undefined> },
): Resolved<O, K> {
  checkOptions(where, options, checks);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as Resolved<O, K>;
}
