import { readImports } from '../wasm/imports.ts';
import { findSection, SECTION, type Section } from '../wasm/sections.ts';
import { readTableType } from '../wasm/tables.ts';
import { readGlobalType, skipMemoryType } from '../wasm/types.ts';

/** The number of items of each kind in a module, including imports: the indexes of what is added next. */
export interface Indexes {
  readonly functions: number;
  readonly tables: number;
  readonly globals: number;
  /** The types of the functions that it defines. */
  readonly types: readonly number[];
  /** Names of its exports. */
  readonly exports: readonly string[];
}

export function countIndexes(sections: readonly Section[]): Indexes {
  const imported = { functions: 0, tables: 0, globals: 0 };
  const imports = findSection(sections, SECTION.import)?.read();
  if (imports !== undefined) {
    readImports(imports, {
      function() {
        imported.functions += 1;
      },
      table(reader) {
        readTableType(reader);
        imported.tables += 1;
      },
      global(reader) {
        readGlobalType(reader);
        imported.globals += 1;
      },
      memory: skipMemoryType,
    });
  }
  const count = (id: number): number => findSection(sections, id)?.read().u32() ?? 0;
  const types: number[] = [];
  const functions = findSection(sections, SECTION.function)?.read();
  functions?.list(() => types.push(functions.u32()));
  const exports: string[] = [];
  const exported = findSection(sections, SECTION.export)?.read();
  exported?.list(() => {
    exports.push(exported.name());
    exported.u8();
    exported.u32();
  });
  return {
    functions: imported.functions + types.length,
    tables: imported.tables + count(SECTION.table),
    globals: imported.globals + count(SECTION.global),
    types,
    exports,
  };
}
