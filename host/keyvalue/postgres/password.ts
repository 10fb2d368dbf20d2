import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readPasswordFile, readText } from '../network/files.ts';
import type { Target } from './url.ts';

/**
 * Returns the password for the next connection: from `file` if it is given, otherwise from the URL or the variables, otherwise
 * from libpq's password file (https://www.postgresql.org/docs/current/libpq-pgpass.html). Files are read each time, so that a
 * password can be changed while the program runs.
 *
 * @throws WasmcpError `store-unusable`
 */
export async function passwordFor(target: Target, file: string | undefined): Promise<string> {
  if (file !== undefined) return readPasswordFile(file);
  if (target.password !== undefined) return target.password;
  const { passwordFile } = target;
  if (passwordFile !== undefined) return entryFor(await readText(passwordFile, 'the password file'), target);
  const text = await readFile(join(homedir(), '.pgpass'), 'utf8').catch(() => '');
  return entryFor(text, target);
}

/** The password in the first matching line; empty if none matches, which is right for servers that need no password. */
function entryFor(text: string, { host, port, database, user }: Target): string {
  const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    // A backslash escapes the next character.
    const fields = line.match(/(?:\\.|[^:\\])*(?::|$)/g)?.map((field) => field.replace(/:$/, '')) ?? [];
    const plain = fields.map((field) => field.replace(/\\(.)/g, '$1'));
    if (wanted.every((value, at) => fields[at] === '*' || plain[at] === value)) return plain[4] ?? '';
  }
  return '';
}
