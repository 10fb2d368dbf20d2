import { type Level, type MemberHandler, MemberScanner, type WantedMembers } from '../edge/member-scanner.ts';
import { Comparison } from './comparison.ts';

const NONE: ReadonlySet<string> = new Set();
const WANTED: WantedMembers = {
  scalars: [NONE, NONE, NONE],
  entered: [new Set(['params']), new Set(['_meta'])],
};

const PLACES: Readonly<Record<Level, string>> = { 1: '', 2: 'params', 3: 'params._meta' };

/** Looks for what `ambiguityIn` looks for, in a message as it arrives. */
export class AmbiguityWatch implements MemberHandler {
  readonly #scanner = new MemberScanner(this, WANTED);
  readonly #comparison = new Comparison();
  /** The names of each level. An object that occurs twice is ambiguous itself. */
  readonly #seen = {
    1: new Map<string, string>(),
    2: new Map<string, string>(),
    3: new Map<string, string>(),
  };
  #isBeginning = true;

  /** Returns what makes the message ambiguous, once that is known. */
  push(bytes: Uint8Array): string | undefined {
    const rest = this.#isBeginning ? withoutMark(bytes) : bytes;
    this.#isBeginning = false;
    if (!this.#scanner.stopped) this.#scanner.push(rest, rest.length);
    const { found, isMessage } = this.#comparison;
    return isMessage ? found : undefined;
  }

  name(level: Level, name: string): void {
    this.#comparison.compare(name, this.#seen[level], PLACES[level]);
  }

  /** Of what is no JSON, the part before counts. */
  invalid(): void {
    this.#scanner.stopped = true;
    if (this.#scanner.isTooLong) this.#comparison.found ??= 'a name is too long';
  }

  scalar(): void {}
  container(): void {}
  member(): void {}
}

/** Some parsers skip a byte-order mark. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
