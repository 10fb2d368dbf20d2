import { endOfString, readExactly } from './exact-json.ts';

/**
 * How deep lists and objects of others may be nested. Whatever walks a value may do so recursively, and a stack that overflows in the
 * middle of a request ends the process.
 */
export const MAX_NESTING = 1000;

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
  const value: unknown = JSON.parse(text);
  // A long text is mostly strings, which the expression takes longer to search than the reader to skip.
  return text.length > LONG || MAY_LOSE.test(text) ? readExactly(text) : value;
}

/** What an error of these functions says of a text. */
export function whyNotJson(error: unknown): string {
  return error instanceof SyntaxError && error.message === TOO_DEEP ? `is ${TOO_DEEP}` : 'is not JSON';
}

/** The message of the error for what is deeper. */
export const TOO_DEEP: string = `nested more than ${MAX_NESTING} deep`;

/** Characters from which on a text is read exactly without a search. */
const LONG = 1024 * 1024;

/** A number that JavaScript may not keep as it is. Ids in texts look similar, but nothing precedes them that precedes a number. */
const MAY_LOSE = /(?:^|[:,[\s])(?:-?(?:[\d.]{16}|\d[\d.]*[eE])|-0(?!\.))/;

const OPENING = ['[', '{'] as const;
const [LIST, LIST_END, OBJECT, OBJECT_END, QUOTE] = [...'[]{}"'].map((one) => one.charCodeAt(0));

function requireShallow(text: string): void {
  // Most texts cannot be deep, which is seen much faster than how deep they are.
  if (text.length <= 2 * MAX_NESTING || OPENING.every((one) => !hasMore(text, one, MAX_NESTING / 2))) return;
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

function hasMore(text: string, part: string, count: number): boolean {
  let at = -1;
  for (let found = 0; found <= count; found++) {
    at = text.indexOf(part, at + 1);
    if (at < 0) return false;
  }
  return true;
}
