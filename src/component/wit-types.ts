import type { Reader } from '../wasm/reader.ts';
import { UNSUPPORTED } from './unsupported.ts';

/** A value type: a primitive by its name in WIT, or an index into the types of its scope. */
export type ValueType = string | number;

/** A type of the component model, as far as linking has to distinguish types. */
export type Type =
  | { readonly kind: 'function'; readonly result: ValueType | undefined }
  | { readonly kind: 'instance'; readonly scope: Scope }
  | { readonly kind: 'resource' }
  | { readonly kind: 'list' | 'option'; readonly element: ValueType }
  | { readonly kind: 'tuple'; readonly elements: readonly ValueType[] }
  | { readonly kind: 'result'; readonly ok: ValueType | undefined }
  /** Another name for the type with this index, `levels` scopes further out. */
  | { readonly kind: 'alias'; readonly levels: number; readonly index: number }
  | { readonly kind: 'other' };

/** One function, type, instance … that an instance type exports or a component imports. */
export interface Extern {
  readonly name: string;
  readonly sort: 'function' | 'type' | 'instance' | 'other';
  /** The index of its type in its scope; undefined for a resource that it defines and for `other`. */
  readonly index: number | undefined;
}

/** The type index space of a component or of an instance type. */
export interface Scope {
  readonly outer: Scope | undefined;
  readonly types: Type[];
  readonly exports: Extern[];
}

/** Deeper nesting than any toolchain emits: protects against unbounded recursion. */
export const DEEPEST = 64;

const OTHER: Type = { kind: 'other' };

const PRIMITIVES: Readonly<Record<number, string>> = {
  127: 'bool',
  126: 's8',
  125: 'u8',
  124: 's16',
  123: 'u16',
  122: 's32',
  121: 'u32',
  120: 's64',
  119: 'u64',
  118: 'f32',
  117: 'f64',
  116: 'char',
  115: 'string',
  100: 'error-context',
};

export function createScope(outer?: Scope): Scope {
  return { outer, types: [], exports: [] };
}

/** Reads one `deftype` and gives it the next index of the scope. */
export function readType(reader: Reader, scope: Scope, depth = 0): void {
  scope.types.push(readDefinition(reader, scope, depth));
}

/** The definition behind an index, with aliases resolved; undefined if there is none. */
export function resolveType(scope: Scope, index: number): { type: Type; scope: Scope } | undefined {
  let place: Scope | undefined = scope;
  let at = index;
  // Not yet validated: aliases may form a cycle.
  for (let step = 0; step < DEEPEST; step += 1) {
    const type: Type | undefined = place?.types[at];
    if (type === undefined || place === undefined) return undefined;
    if (type.kind !== 'alias') return { type, scope: place };
    for (let level = 0; level < type.levels && place !== undefined; level += 1) place = place.outer;
    at = type.index;
  }
  return undefined;
}

/** The type in WIT's spelling; `?` stands for types that this reader does not distinguish. */
export function spellType(scope: Scope, value: ValueType | undefined, depth = 0): string {
  if (value === undefined) return '_';
  if (typeof value === 'string') return value;
  const found = depth < 8 ? resolveType(scope, value) : undefined;
  if (found === undefined) return '?';
  const spell = (inner: ValueType | undefined): string => spellType(found.scope, inner, depth + 1);
  const { type } = found;
  if (type.kind === 'list' || type.kind === 'option') return `${type.kind}<${spell(type.element)}>`;
  if (type.kind === 'tuple') return `tuple<${type.elements.map(spell).join(', ')}>`;
  return '?';
}

/** Reads an `externdesc`; a type or an instance extends the scope's index spaces where the format says so. */
export function readExtern(reader: Reader, scope: Scope, name: string): Extern {
  const sort = reader.u8();
  switch (sort) {
    case 0x00: // core module
      reader.u8();
      reader.u32();
      return { name, sort: 'other', index: undefined };
    case 0x01:
      return { name, sort: 'function', index: reader.u32() };
    case 0x02: // value
      if (reader.u8() === 0) reader.u32();
      else readValueType(reader);
      return { name, sort: 'other', index: undefined };
    case 0x03: {
      if (reader.u8() === 0) {
        const index = reader.u32();
        scope.types.push({ kind: 'alias', levels: 0, index });
        return { name, sort: 'type', index };
      }
      scope.types.push({ kind: 'resource' });
      return { name, sort: 'type', index: undefined };
    }
    case 0x04: // component
      reader.u32();
      return { name, sort: 'other', index: undefined };
    case 0x05:
      return { name, sort: 'instance', index: reader.u32() };
    default:
      return reader.fail(`an import or export has the unknown kind ${sort}`);
  }
}

/** Name of a component-level import or export. */
export function readExternName(reader: Reader): string {
  const form = reader.u8();
  const name = reader.name();
  // Form 2 has the rest of the version separately; no toolchain for 0.2 emits it.
  if (form > 1) reader.fail(`a name has the unknown form ${form}`);
  return name;
}

/** `alias`, calling `coreName` with a core export's name. A type alias gets the scope's next index. */
export function readAlias(reader: Reader, scope: Scope, coreName?: (name: string) => void): void {
  const sort = reader.u8();
  if (sort === 0x00) reader.u8();
  const target = reader.u8();
  let type = OTHER;
  if (target === 0x02) {
    const levels = reader.u32();
    const index = reader.u32();
    type = { kind: 'alias', levels, index };
  } else {
    reader.u32();
    const name = reader.name();
    if (target === 0x01) coreName?.(name);
  }
  if (sort === 0x03) scope.types.push(type);
}

function readDefinition(reader: Reader, scope: Scope, depth: number): Type {
  const value = (): ValueType => readValueType(reader);
  const maybe = (): ValueType | undefined => (reader.u8() === 0 ? undefined : value());
  const form = reader.u8();
  switch (form) {
    case 0x40:
      return readFunction(reader);
    case 0x43: // asynchronous function
    case 0x65: // future
    case 0x66: // stream
      return reader.fail(UNSUPPORTED.async);
    case 0x41:
      readDeclarations(reader, scope, depth);
      return OTHER;
    case 0x42:
      return { kind: 'instance', scope: readDeclarations(reader, scope, depth) };
    case 0x3f: // resource: representation, destructor
      reader.u8();
      if (reader.u8() !== 0) reader.u32();
      return { kind: 'resource' };
    case 0x72: // record
      reader.list(() => {
        reader.name();
        value();
      });
      return OTHER;
    case 0x71: // variant
      reader.list(() => {
        reader.name();
        maybe();
        if (reader.u8() !== 0) reader.u32();
      });
      return OTHER;
    case 0x70:
      return { kind: 'list', element: value() };
    case 0x6f: {
      const elements: ValueType[] = [];
      reader.list(() => elements.push(value()));
      return { kind: 'tuple', elements };
    }
    case 0x6e: // flags
    case 0x6d: // enum
      reader.list(() => reader.name());
      return OTHER;
    case 0x6b:
      return { kind: 'option', element: value() };
    case 0x6a: {
      const ok = maybe();
      maybe();
      return { kind: 'result', ok };
    }
    case 0x69: // own
    case 0x68: // borrow
      reader.u32();
      return OTHER;
    case 0x67: // list of fixed length
      value();
      reader.u32();
      return OTHER;
    default:
      if (PRIMITIVES[form] === undefined) reader.fail(`a type has the unknown form ${form}`);
      return OTHER;
  }
}

function readFunction(reader: Reader): Type {
  reader.list(() => {
    reader.name();
    readValueType(reader);
  });
  if (reader.u8() === 0) return { kind: 'function', result: readValueType(reader) };
  reader.list(() => {
    reader.name();
    readValueType(reader);
  });
  return { kind: 'function', result: undefined };
}

/** The declarations of a component type or an instance type. */
function readDeclarations(reader: Reader, outer: Scope, depth: number): Scope {
  if (depth >= DEEPEST) reader.fail('its types are nested too deeply');
  const scope = createScope(outer);
  reader.list(() => {
    const form = reader.u8();
    if (form === 0x01) readType(reader, scope, depth + 1);
    else if (form === 0x02) readAlias(reader, scope);
    else if (form === 0x03) readExtern(reader, scope, readExternName(reader));
    else if (form === 0x04) scope.exports.push(readExtern(reader, scope, readExternName(reader)));
    else reader.fail(`a type declares something of unknown form ${form}`);
  });
  return scope;
}

function readValueType(reader: Reader): ValueType {
  const code = reader.s33();
  if (code >= 0) return code;
  return PRIMITIVES[code + 128] ?? reader.fail(`unknown value type ${code}`);
}
