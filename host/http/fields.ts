import type { FieldList } from '../io/source.ts';

/** A case of the variant `header-error` in `wasi:http/types`. */
type HeaderError = { readonly tag: 'invalid-syntax' | 'forbidden' | 'immutable' };

type Entry = readonly [name: string, value: Uint8Array];

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What one `fields` may hold, in bytes of names and values, and what an entry counts besides (as in RFC 9113). */
const MAX_SIZE = 128 * 1024;
const ENTRY_SIZE = 32;

/** Fields that belong to a connection or to its framing, so not to guests: the same that wasmtime keeps from them. */
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
 * The resource `fields` of `wasi:http/types`: names in their spelling, compared without regard to case, in order,
 * repetitions kept. Errors are thrown as `header-error` values; more than 128 KiB in all traps.
 */
export class Fields {
  #entries: Entry[] = [];
  #size = 0;
  #mutable = true;

  static fromList(entries: FieldList): Fields {
    const fields = new Fields();
    for (const [name, value] of entries) fields.append(name, value);
    return fields;
  }

  get(name: string): Uint8Array[] {
    const key = name.toLowerCase();
    return this.#entries.filter((entry) => entry[0].toLowerCase() === key).map((entry) => entry[1]);
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.#entries.some((entry) => entry[0].toLowerCase() === key);
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
    const fields = new Fields();
    fields.#entries = [...this.#entries];
    fields.#size = this.#size;
    return fields;
  }

  /** The host's side of the resource: these fields as they are, not to be changed by the guest. */
  static immutable(entries: FieldList): Fields {
    const fields = new Fields();
    fields.#entries = [...entries];
    for (const [name, value] of entries) fields.#size += sizeOf(name, value);
    fields.#mutable = false;
    return fields;
  }

  #checkChange(name: string): void {
    if (!this.#mutable) throw headerError('immutable');
    if (!TOKEN.test(name)) throw headerError('invalid-syntax');
    if (FORBIDDEN.has(name.toLowerCase())) throw headerError('forbidden');
  }

  #add(name: string, value: Uint8Array): void {
    this.#size += sizeOf(name, value);
    if (this.#size > MAX_SIZE) throw new WebAssembly.RuntimeError(`fields of more than ${MAX_SIZE} bytes`);
    this.#entries.push([name, value.slice()]);
  }

  #remove(name: string): void {
    const key = name.toLowerCase();
    this.#entries = this.#entries.filter((entry) => entry[0].toLowerCase() !== key);
    this.#size = this.#entries.reduce((size, [kept, value]) => size + sizeOf(kept, value), 0);
  }
}

function sizeOf(name: string, value: Uint8Array): number {
  return name.length + value.length + ENTRY_SIZE;
}

/** What a guest may see of fields that came from outside. */
export function withoutForbidden(entries: FieldList): FieldList {
  return entries.filter(([name]) => !FORBIDDEN.has(name.toLowerCase()));
}

/**
 * The length that `content-length` announces, in bytes; undefined without one, `invalid` when it is no decimal number
 * or when several disagree (RFC 9110 section 8.6).
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
