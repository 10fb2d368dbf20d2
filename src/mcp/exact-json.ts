/**
 * Reads a text that is JSON, and no deeper than functions may call themselves. Numbers that JavaScript would write differently are
 * kept as they were written. `JSON.parse` can do this with a reviver, which takes forty times as long as without one: too long
 * for the thread that all clients share.
 */
export function readExactly(text: string): unknown {
  return new Reader(text).value();
}

const codeOf = (character: string): number => character.charCodeAt(0);
const [SPACE, QUOTE, BACKSLASH, COMMA] = [codeOf(' '), codeOf('"'), codeOf('\\'), codeOf(',')];
const [LIST, LIST_END, OBJECT, OBJECT_END] = [codeOf('['), codeOf(']'), codeOf('{'), codeOf('}')];
const [TRUE, FALSE, NULL] = [codeOf('t'), codeOf('f'), codeOf('n')];

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): unknown {
    switch (this.#next()) {
      case OBJECT:
        return this.#object();
      case LIST:
        return this.#list();
      case QUOTE:
        return this.#string();
      case TRUE:
        return this.#literal(true, 4);
      case FALSE:
        return this.#literal(false, 5);
      case NULL:
        return this.#literal(null, 4);
      default:
        return this.#number();
    }
  }

  /** The next character that is not white space. */
  #next(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code > SPACE) return code;
      this.#at += 1;
    }
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at += 1;
    for (let code = this.#next(); code !== OBJECT_END; code = this.#next()) {
      if (code === COMMA) {
        this.#at += 1;
        this.#next();
      }
      const name = this.#string();
      // The colon.
      this.#next();
      this.#at += 1;
      const value = this.value();
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
      } else object[name] = value;
    }
    this.#at += 1;
    return object;
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    this.#at += 1;
    for (let code = this.#next(); code !== LIST_END; code = this.#next()) {
      if (code === COMMA) this.#at += 1;
      list.push(this.value());
    }
    this.#at += 1;
    return list;
  }

  #string(): string {
    const start = this.#at;
    const end = endOfString(this.#text, start);
    this.#at = end + 1;
    const inner = this.#text.slice(start + 1, end);
    return inner.includes('\\') ? (JSON.parse(this.#text.slice(start, end + 1)) as string) : inner;
  }

  #literal<T>(value: T, length: number): T {
    this.#at += length;
    return value;
  }

  #number(): unknown {
    const start = this.#at;
    let end = start;
    while (isOfNumber(this.#text.charCodeAt(end))) end += 1;
    this.#at = end;
    const source = this.#text.slice(start, end);
    const value = Number(source);
    return String(value) === source ? value : json.rawJSON(source);
  }
}

/** Digits, signs, the point and the exponent; false at the end of the text. */
function isOfNumber(code: number): boolean {
  return code > COMMA ? code !== LIST_END && code !== OBJECT_END : code === codeOf('+');
}

/** The index of the quote that ends the string that begins at `start`; the end of the text if there is none. */
export function endOfString(text: string, start: number): number {
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

/** TypeScript's library does not have it yet. */
const json = JSON as unknown as { rawJSON(text: string): unknown };
