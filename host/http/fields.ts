import type { Guest } from '../guest.ts';
import type { FieldList } from '../io/source.ts';

/** A case of the variant `header-error` in `wasi:http/types`. */
type HeaderError = { readonly tag: 'invalid-syntax' | 'forbidden' | 'immutable' };

type Entry = readonly [name: string, value: Uint8Array];

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Maximum size of one `fields` in bytes of names and values, plus a constant for each entry (as in RFC 9113 section 6.5.2). */
const MAX_SIZE = 128 * 1024;
const ENTRY_SIZE = 32;

/** Bytes charged for an entry besides its size: arrays for the pair and for its value. */
const ENTRY_COST = 400;

/** Fields of the connection or its framing, which guests can neither read nor set: the same as in wasmtime. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The resource `fields` of `wasi:http/types`. Keeps the spelling of names, which compare case-insensitively, their order and
 * repetitions. Errors are thrown as `header-error`s; more than 128 KiB in total, or more than the guest may have, traps.
 */
export class Fields {
  #entries: Entry[] = [];
  /** The names in lower case, in the same order. */
  #keys: string[] = [];
  #size = 0;
  #mutable = true;
  /** They belong to a message and are released with it, not with the handles on them. */
  #adopted = false;
  readonly #guest: Guest | undefined;

  /** `guest` is charged for them. */
  constructor(guest?: Guest | undefined) {
    this.#guest = guest;
  }

  static fromList(entries: FieldList, guest?: Guest | undefined): Fields {
    const fields = new Fields(guest);
    for (const [name, value] of entries) fields.append(name, value);
    return fields;
  }

  get(name: string): Uint8Array[] {
    const key = name.toLowerCase();
    const values: Uint8Array[] = [];
    for (let i = this.#keys.indexOf(key); i >= 0; i = this.#keys.indexOf(key, i + 1)) {
      values.push(this.#entries[i]![1]);
    }
    return values;
  }

  has(name: string): boolean {
    return this.#keys.includes(name.toLowerCase());
  }

  set(name: string, values: readonly Uint8Array[]): void {
    this.#checkChange(name);
    for (const value of values) checkValue(value);
    this.#remove(name);
    for (const value of values) this.#add(name, value);
  }

  append(name: string, value: Uint8Array): void {
    this.#checkChange(name);
    checkValue(value);
    this.#add(name, value);
  }

  delete(name: string): void {
    this.#checkChange(name);
    this.#remove(name);
  }

  entries(): FieldList {
    return this.#entries;
  }

  clone(): Fields {
    const fields = this.#copy();
    fields.#mutable = true;
    return fields;
  }

  /** The host's side of the resource: all of these fields, immutable for the guest. */
  static immutable(entries: FieldList, guest?: Guest | undefined): Fields {
    const fields = new Fields(guest);
    for (const [name, value] of entries) fields.#take(name, value);
    guest?.budget.chargeFields(fields.#cost());
    fields.#mutable = false;
    return fields;
  }

  /** The fields of a received message, without those that guests must not see. */
  static received(entries: FieldList, guest?: Guest | undefined): Fields {
    const fields = new Fields(guest);
    for (const [name, value] of entries) fields.#take(name, value, FORBIDDEN);
    guest?.budget.chargeFields(fields.#cost());
    return Fields.adopt(fields);
  }

  /** Makes them the immutable fields of a message, which releases them. */
  static adopt(fields: Fields): Fields {
    fields.#mutable = false;
    fields.#adopted = true;
    return fields;
  }

  /** Releases the fields of a message that is gone; remaining handles find them empty. */
  static release(fields: Fields): void {
    fields.#guest?.budget.releaseFields(fields.#cost());
    fields.#entries = [];
    fields.#keys = [];
    fields.#size = 0;
  }

  /** The guest that is charged for them. */
  static guest(fields: Fields): Guest | undefined {
    return fields.#guest;
  }

  [Symbol.dispose](): void {
    if (!this.#adopted) Fields.release(this);
  }

  #cost(): number {
    return this.#size + this.#keys.length * ENTRY_COST;
  }

  #copy(): Fields {
    this.#guest?.budget.chargeFields(this.#cost());
    const fields = new Fields(this.#guest);
    fields.#entries = this.#entries.slice();
    fields.#keys = this.#keys.slice();
    fields.#size = this.#size;
    return fields;
  }

  #checkChange(name: string): void {
    if (!this.#mutable) throw headerError('immutable');
    if (!TOKEN.test(name)) throw headerError('invalid-syntax');
    if (FORBIDDEN.has(name.toLowerCase())) throw headerError('forbidden');
  }

  #add(name: string, value: Uint8Array): void {
    const size = sizeOf(name, value);
    if (this.#size + size > MAX_SIZE)
      throw new WebAssembly.RuntimeError(`fields of more than ${MAX_SIZE} bytes`);
    this.#guest?.budget.chargeFields(size + ENTRY_COST);
    this.#take(name, value.slice());
  }

  #take(name: string, value: Uint8Array, hidden?: ReadonlySet<string>): void {
    const key = name.toLowerCase();
    if (hidden?.has(key)) return;
    this.#entries.push([name, value]);
    this.#keys.push(key);
    this.#size += sizeOf(name, value);
  }

  #remove(name: string): void {
    const key = name.toLowerCase();
    if (!this.#keys.includes(key)) return;
    const cost = this.#cost();
    this.#entries = this.#entries.filter((_, i) => this.#keys[i] !== key);
    this.#keys = this.#keys.filter((kept) => kept !== key);
    this.#size = this.#entries.reduce((size, [kept, value]) => size + sizeOf(kept, value), 0);
    this.#guest?.budget.releaseFields(cost - this.#cost());
  }
}

function sizeOf(name: string, value: Uint8Array): number {
  return name.length + value.length + ENTRY_SIZE;
}

/**
 * The value of `content-length` in bytes; undefined without one, `invalid` if it is not a decimal number or if several
 * differ (RFC 9110 section 8.6).
 */
export function contentLength(fields: Fields): number | undefined | 'invalid' {
  const [first, ...others] = fields
    .get('content-length')
    .map((value) => Buffer.from(value).toString('latin1'));
  if (first === undefined) return undefined;
  if (others.some((other) => other !== first) || !/^[0-9]{1,15}$/.test(first)) return 'invalid';
  return Number(first);
}

/** RFC 9110 section 5.5: no control characters but the tab. */
function checkValue(value: Uint8Array): void {
  for (const byte of value) {
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) throw headerError('invalid-syntax');
  }
}

function headerError(tag: HeaderError['tag']): HeaderError {
  return { tag };
}
