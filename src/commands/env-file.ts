import { readFile } from 'node:fs/promises';
import { parse } from 'dotenv';
import { WasmcpError } from '../../host/index.ts';

/** A blank line or a comment. A byte-order mark is blank. */
const NOTHING = /^\s*(?:#.*)?$/;
/** The quote that a value begins with. */
const OPENING = /^\s*(?:export\s+)?[\w.-]+\s*[=:]\s*(["'`])/;

/**
 * The variables in a file of dotenv's grammar. dotenv gets the file statement by statement, because it skips what it cannot
 * read, and takes a quoted line for the value of a blank one before it.
 *
 * @throws WasmcpError `option-invalid` that names the line, but not its content, which may be a secret
 */
export async function readEnvFile(path: string): Promise<Record<string, string>> {
  const lines = (await readText(path)).split(/\r\n|\n|\r/);
  const variables: Record<string, string> = {};
  for (let at = 0; at < lines.length; ) {
    if (NOTHING.test(lines[at]!)) {
      at += 1;
      continue;
    }
    const statement = readStatement(lines, at);
    if (statement === undefined) {
      const problem = OPENING.test(lines[at]!)
        ? 'its quote is not closed, or something follows the closed one'
        : 'it is not NAME=VALUE';
      throw new WasmcpError('option-invalid', `--env-file ${path}, line ${at + 1}: ${problem}`);
    }
    Object.assign(variables, statement.variables);
    at = statement.end;
  }
  return variables;
}

/** The statement that begins at this line, and the line after it; undefined if there is none. */
function readStatement(
  lines: readonly string[],
  start: number,
): { variables: Record<string, string>; end: number } | undefined {
  const quote = OPENING.exec(lines[start]!)?.[1];
  const last = quote === undefined ? start + 1 : lines.length;
  for (let end = start + 1; end <= last; end++) {
    if (quote !== undefined && !lines[end - 1]!.includes(quote)) continue;
    const variables = parse(lines.slice(start, end).join('\n'));
    const values = Object.values(variables);
    // A value keeps its quote while the quote is open.
    if (values.length === 1 && (quote === undefined || !values[0]!.startsWith(quote)))
      return { variables, end };
  }
  return undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is not UTF-8' : (error as Error).message;
    throw new WasmcpError('option-invalid', `--env-file ${path} cannot be read: ${reason}`, { cause: error });
  }
}
