/**
 * How deep lists and objects of others may be nested. Whatever walks a value may do so recursively, and a stack that overflows in the
 * middle of a request ends the process.
 */
const MAX_NESTING = 1000;

/**
 * A JSON text that others have written: clients, guests, files.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  requireShallow(text);
  return JSON.parse(text);
}

/**
 * The same for what is written again, with another `result` or `error`: numbers beyond the precision of JavaScript keep their digits.
 *
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  requireShallow(text);
  return parseStored(text);
}

/** A text that was written here, of values that were shallow when they came, exactly. */
export function parseStored(text: string): unknown {
  if (!MAY_LOSE.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? json.rawJSON(context.source)
      : value,
  );
}

/** What an error of these functions says of a text. */
export function whyNotJson(error: unknown): string {
  return error instanceof SyntaxError && error.message === TOO_DEEP ? `is ${TOO_DEEP}` : 'is not JSON';
}

const TOO_DEEP = `nested more than ${MAX_NESTING} deep`;

/** A number that JavaScript may not keep as it is. Ids in texts look similar, but nothing precedes them that precedes a number. */
const MAY_LOSE = /(?:^|[:,[\s])(?:-?(?:[\d.]{16}|\d[\d.]*[eE])|-0(?!\.))/;

/** TypeScript's library does not have it yet. */
const json = JSON as unknown as { rawJSON(text: string): unknown };

const [QUOTE, BACKSLASH] = [...'"\\'].map((character) => character.charCodeAt(0));
const [LIST, LIST_END, OBJECT, OBJECT_END] = [...'[]{}'].map((character) => character.charCodeAt(0));

function requireShallow(text: string): void {
  // Each level takes two characters.
  if (text.length <= 2 * MAX_NESTING) return;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === LIST || code === OBJECT) {
      depth += 1;
      if (depth > MAX_NESTING) throw new SyntaxError(TOO_DEEP);
    } else if (code === LIST_END || code === OBJECT_END) depth -= 1;
  }
}

/** The index of the quote that ends the string. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}
