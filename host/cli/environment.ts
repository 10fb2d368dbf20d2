import type { MakeInterface } from '../interfaces.ts';
import type { HostOptions } from '../options.ts';

/** `wasi:cli/environment`: only the values of the options and of the guest's request, nothing of the process. */
export function environment({ env = {}, args: given = [] }: HostOptions): MakeInterface {
  const variables = Object.entries(env);
  const args = [...given];
  return (guest) => ({
    getEnvironment: (): [string, string][] =>
      guest.env === undefined ? variables : Object.entries({ ...env, ...guest.env }),
    getArguments: (): string[] => args,
    initialCwd: (): undefined => undefined,
  });
}
