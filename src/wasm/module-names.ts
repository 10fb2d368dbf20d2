import { readImports } from './imports.ts';
import type { Reader } from './reader.ts';
import { SECTION } from './sections.ts';
import { readTypeSection } from './type-section.ts';
import { readValueType } from './types.ts';

/** The properties of a core module on which loading depends. */
export interface CoreModuleOutline {
  /** It has struct or array types. */
  readonly managed: boolean;
}

/**
 * Reads a core module and calls `visitImport` with both names of each import; `reader` is positioned after its preamble.
 * Names of exports reach generated code only if a core instance or an alias mentions them.
 */
export function readCoreModule(reader: Reader, visitImport: (name: string) => void): CoreModuleOutline {
  let managed = false;
  while (reader.position < reader.end) {
    const id = reader.u8();
    const section = reader.part(reader.u32());
    if (id === SECTION.type) {
      managed ||= readTypeSection(section).managed;
    } else if (id === SECTION.import) {
      // Whether its memories and tables are supported is checked later.
      readImports(section, {
        name(module, name) {
          visitImport(module);
          visitImport(name);
        },
        table(table) {
          readValueType(table);
          skipLimits(table);
        },
        memory: skipLimits,
        global(global) {
          readValueType(global);
          global.u8();
        },
      });
    }
  }
  return { managed };
}

/** Bits of the flags: 1 has a maximum, 2 shared, 4 64-bit, 8 has a page size. */
function skipLimits(section: Reader): void {
  const flags = section.u8();
  section.skipNumber();
  if (flags & 1) section.skipNumber();
  if (flags & 8) section.u32();
}
