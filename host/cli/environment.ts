import type { HostOptions, Implementation } from '../options.ts';

/** `wasi:cli/environment`: only the values of the options, nothing of the process. */
export function environment(options: HostOptions): Implementation {
  const variables = Object.entries(options.env ?? {});
  const args = [...(options.args ?? [])];
  return {
    getEnvironment: (): [string, string][] => variables,
    getArguments: (): string[] => args,
    initialCwd: (): undefined => undefined,
  };
}
