import { endOfString } from '../exact-json.ts';
import { Comparison, fold } from './comparison.ts';

/** What makes a message ambiguous: parsers differ on what it says (RFC 8259, section 4). */
export interface Ambiguity {
  /** Names the member and the place. */
  readonly text: string;
  /** The id of the request as it was written, if there is no doubt about it. */
  readonly id: string | undefined;
}

/** Objects whose members are compared. */
export interface Compared {
  /** The names that count, in small letters; undefined for all. */
  readonly names?: ReadonlySet<string> | undefined;
  /** The members that are objects of which the same holds. */
  readonly within: ReadonlyMap<string, Compared>;
}

const [OBJECT, OBJECT_END, LIST, LIST_END, QUOTE, COMMA] = [...'{}[]",'].map((one) => one.charCodeAt(0));

const META: Compared = { within: new Map() };
const PARAMS: Compared = { within: new Map([['_meta', META]]) };
const MESSAGE: Compared = { within: new Map([['params', PARAMS]]) };

/** Of the arguments of a tool, only the members at these paths count. */
export function comparePaths(paths: readonly (readonly string[])[]): Compared {
  const named: Compared = { within: new Map([['arguments', only(paths)]]) };
  return { within: new Map([['params', named]]) };
}

function only(paths: readonly (readonly string[])[]): Compared {
  const tails = Map.groupBy(
    paths.filter((path) => path.length > 0),
    ([name]) => name!,
  );
  const within = [...tails].map(([name, some]) => [name, only(some.map((path) => path.slice(1)))] as const);
  return { names: new Set([...tails.keys()].map(fold)), within: new Map(within) };
}

/** Finds the first ambiguity. Of a text that is not JSON, the part before that shows counts. */
export function explain(text: string, compared: Compared = MESSAGE): Ambiguity | undefined {
  const reader = new Reader(text);
  reader.read(compared);
  const { id, comparison } = reader;
  const { found, isMessage, isRequest, isIdDoubtful } = comparison;
  if (found === undefined || !isMessage) return undefined;
  return { text: found, id: isRequest && !isIdDoubtful ? id : undefined };
}

class Reader {
  readonly comparison = new Comparison();
  id: string | undefined;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(compared: Compared): void {
    // Some parsers skip a byte-order mark.
    if (this.#text.startsWith('\ufeff')) this.#at = 1;
    if (this.#next() === '{') this.#object(compared, '');
  }

  /** The next character that is not white space; empty at the end. */
  #next(): string {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
    return this.#text[this.#at] ?? '';
  }

  /** Returns false if the text is not JSON, or ends in it. `place` is the path of the object; empty for the message. */
  #object(compared: Compared, place: string): boolean {
    const seen = new Map<string, string>();
    this.#at += 1;
    for (let next = this.#next(); next !== '}'; next = this.#next()) {
      if (next === ',') this.#at += 1;
      const name = this.#next() === '"' ? this.#name() : undefined;
      if (name === undefined) return false;
      this.comparison.compare(name, seen, place, compared.names);
      if (this.#next() !== ':') return false;
      this.#at += 1;
      const within = compared.within.get(name);
      const isEntered = within !== undefined && this.#next() === '{';
      const start = this.#at;
      if (isEntered ? !this.#object(within, place === '' ? name : `${place}.${name}`) : !this.#skip())
        return false;
      if (place === '' && name === 'id') this.#noteId(this.#text.slice(start, this.#at).trim());
    }
    this.#at += 1;
    return true;
  }

  #name(): string | undefined {
    const start = this.#at;
    this.#at = endOfString(this.#text, start) + 1;
    const quotedName = this.#text.slice(start, this.#at);
    if (!quotedName.includes('\\')) return this.#at > this.#text.length ? undefined : quotedName.slice(1, -1);
    try {
      return JSON.parse(quotedName) as string;
    } catch {
      return undefined;
    }
  }

  /** Moves behind a value. */
  #skip(): boolean {
    const text = this.#text;
    let depth = 0;
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at);
      if (code === QUOTE) this.#at = endOfString(text, this.#at);
      else if (code === OBJECT || code === LIST) depth += 1;
      else if (code === OBJECT_END || code === LIST_END) {
        if (depth === 0) return true;
        depth -= 1;
      } else if (code === COMMA && depth === 0) return true;
    }
    return false;
  }

  #noteId(source: string): void {
    try {
      const type = typeof JSON.parse(source);
      if (type === 'string' || type === 'number') this.id = source;
    } catch {
      // The text is not JSON.
    }
  }
}
