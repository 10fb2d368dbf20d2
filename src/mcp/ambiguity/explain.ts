import { endOfString } from '../exact-json.ts';

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

/** Members of a JSON-RPC message. */
const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'id', 'params', 'result', 'error']);

/** An object with one of these is a message. */
const SIGNS: readonly string[] = ['jsonrpc', 'method', 'result', 'error'];

const OUTCOMES: readonly string[] = ['result', 'error'];

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

/** Most members of one object that are compared. A message with more is refused as well: comparing takes time and memory. */
const MAX_COMPARED = 1000;

/** Longest part of a name in an error, in characters. */
const LONGEST_QUOTE = 100;

/** Finds the first ambiguity. Of a text that is not JSON, the part before that shows counts. */
export function explain(text: string, compared: Compared = MESSAGE): Ambiguity | undefined {
  const reader = new Reader(text);
  reader.read(compared);
  const { found, members, id, isIdDoubtful } = reader;
  if (found === undefined || !SIGNS.some((name) => members.has(name))) return undefined;
  const hasOutcome = [...members].some((name) => OUTCOMES.includes(fold(name)));
  const isRequest = members.has('method') && !hasOutcome;
  return { text: found, id: isRequest && !isIdDoubtful ? id : undefined };
}

/** Some parsers take `Method` for `method`, and `re\u017fult` for `result`. */
export function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

class Reader {
  /** The first ambiguity. */
  found: string | undefined;
  /** The names of JSON-RPC in the message itself, as they are written. */
  readonly members = new Set<string>();
  id: string | undefined;
  isIdDoubtful = false;
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
      this.#compare(name, seen, compared, place);
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

  #compare(name: string, seen: Map<string, string>, { names }: Compared, place: string): void {
    if (seen.size >= MAX_COMPARED) {
      this.found ??= `${placeText(place)} has more than ${MAX_COMPARED} members`;
      if (place === '' && MEMBERS.has(name)) this.members.add(name);
      return;
    }
    const folded = fold(name);
    const isMember = place === '' && MEMBERS.has(folded);
    if (isMember) this.members.add(name);
    const before = seen.get(folded);
    if (names === undefined || names.has(folded)) seen.set(folded, name);
    const problem = this.#problem(name, before, isMember ? folded : name, place);
    if (problem === undefined) return;
    this.found ??= problem;
    if (isMember && folded === 'id') this.isIdDoubtful = true;
  }

  #problem(name: string, before: string | undefined, expected: string, place: string): string | undefined {
    const where = placeText(place);
    if (before === name) return `${quoted(name)} occurs twice in ${where}`;
    if (before !== undefined) return `${quoted(before)} and ${quoted(name)} in ${where} differ in case only`;
    if (name !== expected) return `${quoted(name)} in ${where} differs from ${quoted(expected)} in case only`;
    if (place !== '' || !this.members.has('method')) return undefined;
    const outcome = OUTCOMES.find((one) => this.members.has(one));
    return outcome && `the message has ${quoted('method')} and ${quoted(outcome)}`;
  }
}

function placeText(place: string): string {
  return place === '' ? 'the message' : place;
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, LONGEST_QUOTE));
}
