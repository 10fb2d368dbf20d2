import { type GetManyShape, WasmcpError } from '../../host/index.ts';
import { readCoreModule } from '../wasm/module-names.ts';
import { createReader, type Reader } from '../wasm/reader.ts';
import type { ImportedInterface } from './component.ts';
import { nameProblem, showName } from './names.ts';
import { checkCanonical, isUnsupported } from './unsupported.ts';
import {
  createScope,
  DEEPEST,
  type Extern,
  readAlias,
  readExtern,
  readExternName,
  readType,
  resolveType,
  type Scope,
  spellType,
} from './wit-types.ts';

/** The imports, exports and counts that a component declares. */
export interface ComponentOutline {
  readonly imports: readonly ImportedInterface[];
  /** Names of its exports, interfaces and functions alike. */
  readonly exports: readonly string[];
  /** Components nested in it, at any depth. */
  readonly innerComponents: number;
  /** Core modules in it, at any depth. */
  readonly coreModules: number;
  /** The first core module with struct or array types, such as `core module 3`; absent if none has any. */
  readonly managedModule?: string | undefined;
}

const PREAMBLE_LENGTH = 8;

const SECTION = {
  coreModule: 1,
  coreInstance: 2,
  component: 4,
  alias: 6,
  type: 7,
  canonical: 8,
  import: 10,
  export: 11,
} as const;

const GET_MANY: Readonly<Record<string, GetManyShape>> = {
  'list<option<tuple<string, list<u8>>>>': 'options',
  'list<tuple<string, option<list<u8>>>>': 'pairs',
};

/**
 * Reads a component's imports and exports, and checks every name in it that reaches generated code, nested modules included.
 *
 * @throws WasmcpError `component-invalid`: malformed, truncated, or a name that must not reach generated code
 */
export function readComponent(bytes: Uint8Array, source: string): ComponentOutline {
  const fail = (problem: string, position: number): never => {
    if (isUnsupported(problem)) {
      throw new WasmcpError('component-invalid', `${source} is refused: it uses ${problem}`);
    }
    throw new WasmcpError(
      'component-invalid',
      `${source} is not a valid component: ${problem} (at byte ${position} of ${bytes.length}). Is the file complete?`,
    );
  };
  const check = (place: string, name: string): void => {
    const problem = nameProblem(name);
    if (problem === undefined) return;
    throw new WasmcpError(
      'component-invalid',
      `${source} is refused: in ${place}, the name ${showName(name)} ${problem}. Names become part of generated code.`,
    );
  };
  const outline = { imports: [] as ImportedInterface[], exports: [] as string[] };
  const counts = { innerComponents: 0, coreModules: 0 };
  let managedModule: string | undefined;

  function walk(reader: Reader, place: string, depth: number): void {
    if (depth >= DEEPEST) reader.fail('components are nested too deeply');
    const scope = createScope();
    while (reader.position < reader.end) {
      const id = reader.u8();
      const section = reader.part(reader.u32());
      if (id === SECTION.coreModule) {
        const module = `core module ${counts.coreModules}${place === '' ? '' : ` (${place})`}`;
        counts.coreModules += 1;
        section.skip(PREAMBLE_LENGTH);
        const { managed } = readCoreModule(section, (name) => check(`an import of ${module}`, name));
        if (managed) managedModule ??= module;
      } else if (id === SECTION.component) {
        counts.innerComponents += 1;
        section.skip(PREAMBLE_LENGTH);
        walk(section, `in inner component ${counts.innerComponents}`, depth + 1);
      } else if (id === SECTION.coreInstance) {
        visitCoreInstanceNames(section, (name) => check(`a core instance${place && ` ${place}`}`, name));
      } else if (id === SECTION.alias) {
        section.list(() => readAlias(section, scope, (name) => check('an alias of a core export', name)));
      } else if (id === SECTION.canonical) {
        section.list(() => checkCanonical(section));
      } else if (depth > 0) {
        // The types, imports and exports of inner components are linked within the file.
      } else if (id === SECTION.type) {
        section.list(() => readType(section, scope));
      } else if (id === SECTION.import) {
        section.list(() => {
          const name = readExternName(section);
          check('an import', name);
          const imported = describeImport(readExtern(section, scope, name), scope);
          if (imported !== undefined) outline.imports.push(imported);
        });
      } else if (id === SECTION.export) {
        section.list(() => {
          const name = readExternName(section);
          check('an export', name);
          if (readExport(section, scope)) outline.exports.push(name);
        });
      }
    }
  }

  const reader = createReader(bytes, fail);
  reader.skip(PREAMBLE_LENGTH);
  walk(reader, '', 0);
  return { ...outline, ...counts, managedModule };
}

/** Undefined for a type, which no host has to provide. An import that is not an interface is described as one function. */
function describeImport(imported: Extern, scope: Scope): ImportedInterface | undefined {
  const { name, sort, index } = imported;
  if (sort === 'type' && index !== undefined) return undefined;
  const definition = sort === 'instance' && index !== undefined ? resolveType(scope, index)?.type : undefined;
  if (definition?.kind !== 'instance') return { name, functions: [name], resources: [] };
  const members = definition.scope.exports;
  const functions = members.filter((member) => member.sort === 'function').map((member) => member.name);
  const resources = members
    .filter((member) => member.sort === 'type' && member.index === undefined)
    .map((member) => member.name);
  const getMany = describeGetMany(definition.scope);
  return { name, functions, resources, ...(getMany !== undefined && { getMany }) };
}

function describeGetMany(scope: Scope): GetManyShape | undefined {
  const member = scope.exports.find(({ name, sort }) => name === 'get-many' && sort === 'function');
  const type = member?.index === undefined ? undefined : resolveType(scope, member.index);
  if (type?.type.kind !== 'function' || typeof type.type.result !== 'number') return undefined;
  const result = resolveType(type.scope, type.type.result);
  if (result?.type.kind !== 'result') return undefined;
  return GET_MANY[spellType(result.scope, result.type.ok)];
}

/** Skips one export after its name; returns true unless it is a type. */
function readExport(section: Reader, scope: Scope): boolean {
  const sort = section.u8();
  if (sort === 0x00) section.u8();
  const index = section.u32();
  // A type that is ascribed to the export adds nothing to the component's own index space.
  if (section.u8() !== 0) readExtern(section, createScope(scope), '');
  if (sort !== 0x03) return true;
  scope.types.push({ kind: 'alias', levels: 0, index });
  return false;
}

/** Names in `core instance` definitions: arguments of an instantiation, or inline exports. */
function visitCoreInstanceNames(section: Reader, visit: (name: string) => void): void {
  section.list(() => {
    const instantiates = section.u8() === 0;
    if (instantiates) section.u32();
    section.list(() => {
      visit(section.name());
      section.u8();
      section.u32();
    });
  });
}
