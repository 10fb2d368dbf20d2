/** Members of a JSON-RPC message. */
const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'id', 'params', 'result', 'error']);

/** An object with one of these is a message. */
const SIGNS: readonly string[] = ['jsonrpc', 'method', 'result', 'error'];

const OUTCOMES: readonly string[] = ['result', 'error'];

/** Most members of one object that are compared. A message with more is refused as well: comparing takes time and memory. */
const MAX_COMPARED = 1000;

/** Longest part of a name in an error, in characters. */
const LONGEST_QUOTE = 100;

/** Some parsers take `Method` for `method`, and `re\u017fult` for `result`. */
export function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/** Compares the names of the members of a message, of its `params` and so on, as they are read. */
export class Comparison {
  /** The first ambiguity. It counts if this is a message. */
  found: string | undefined;
  /** The id cannot be told. */
  isIdDoubtful = false;
  /** The names of JSON-RPC in the message itself, as they are written. */
  readonly #members = new Set<string>();

  get isMessage(): boolean {
    return SIGNS.some((name) => this.#members.has(name));
  }

  get isRequest(): boolean {
    const hasOutcome = [...this.#members].some((name) => OUTCOMES.includes(fold(name)));
    return this.#members.has('method') && !hasOutcome;
  }

  /**
   * The next name of an object, in which those of `seen` came before; `place` is its path, empty for the message. Only `names` in small
   * letters count; undefined for all.
   */
  compare(name: string, seen: Map<string, string>, place: string, names?: ReadonlySet<string>): void {
    if (seen.size >= MAX_COMPARED) {
      this.found ??= `${placeText(place)} has more than ${MAX_COMPARED} members`;
      if (place === '' && MEMBERS.has(name)) this.#members.add(name);
      return;
    }
    const folded = fold(name);
    const isMember = place === '' && MEMBERS.has(folded);
    if (isMember) this.#members.add(name);
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
    if (place !== '' || !this.#members.has('method')) return undefined;
    const outcome = OUTCOMES.find((one) => this.#members.has(one));
    return outcome && `the message has ${quoted('method')} and ${quoted(outcome)}`;
  }
}

function placeText(place: string): string {
  return place === '' ? 'the message' : place;
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, LONGEST_QUOTE));
}
