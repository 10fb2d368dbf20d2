import type { OptionValues } from '../options/types.ts';

/** Later sources win: the shell's variables, the file's, the flags'. */
export async function guestEnvironment(
  options: Pick<OptionValues, 'env' | 'envFile' | 'inheritEnv'>,
): Promise<Record<string, string>> {
  const inherited = options.inheritEnv ? { ...process.env } : {};
  const file = options.envFile === undefined ? {} : await envFile(options.envFile);
  const given = (options.env ?? []).filter(([, value]) => value !== undefined);
  return { ...inherited, ...file, ...Object.fromEntries(given) } as Record<string, string>;
}

/** The parser is loaded only when there is a file. */
async function envFile(path: string): Promise<Record<string, string>> {
  const { readEnvFile } = await import('./env-file.ts');
  return readEnvFile(path);
}
