import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { WasmcpError } from '../index.ts';
import type { OptionValues } from '../options/table.ts';

/** Later sources win: the shell's variables, the file's, the flags'. */
export async function guestEnvironment(
  options: Pick<OptionValues, 'env' | 'envFile' | 'inheritEnv'>,
): Promise<Record<string, string>> {
  const inherited = options.inheritEnv ? { ...process.env } : {};
  const file = options.envFile === undefined ? {} : await readEnvFile(options.envFile);
  const given = (options.env ?? []).filter(([, value]) => value !== undefined);
  return { ...inherited, ...file, ...Object.fromEntries(given) } as Record<string, string>;
}

async function readEnvFile(path: string): Promise<NodeJS.Dict<string>> {
  try {
    return parseEnv(await readFile(path, 'utf8'));
  } catch (error) {
    throw new WasmcpError(
      'option-invalid',
      `--env-file ${path} cannot be read: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
