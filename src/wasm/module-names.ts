import type { Reader } from './reader.ts';
import { readTypeSection } from './type-section.ts';
import { readValueType } from './types.ts';

const SECTION = { type: 1, import: 2 } as const;

/** What a core module says about itself, as far as loading it depends on that. */
export interface CoreModuleOutline {
  /** It has struct or array types. */
  readonly managed: boolean;
}

/**
 * Reads a core module, calling `visitImport` with both names of each import; `reader` stands after its preamble. Names of
 * exports reach generated code only where a core instance or an alias mentions them.
 */
export function readCoreModule(reader: Reader, visitImport: (name: string) => void): CoreModuleOutline {
  let managed = false;
  while (reader.position < reader.end) {
    const id = reader.u8();
    const section = reader.part(reader.u32());
    if (id === SECTION.type) {
      managed ||= readTypeSection(section).managed;
    } else if (id === SECTION.import) {
      section.list(() => {
        visitImport(section.name());
        visitImport(section.name());
        skipImportType(section);
      });
    }
  }
  return { managed };
}

function skipImportType(section: Reader): void {
  const kind = section.u8();
  switch (kind) {
    case 0x00: // function
      section.u32();
      break;
    case 0x01: // table
      readValueType(section);
      skipLimits(section);
      break;
    case 0x02: // memory
      skipLimits(section);
      break;
    case 0x03: // global
      readValueType(section);
      section.u8();
      break;
    case 0x04: // tag
      section.u8();
      section.u32();
      break;
    default:
      section.fail(`a core module imports something of unknown kind ${kind}`);
  }
}

/** Bits of the flags: 1 has a maximum, 2 shared, 4 64-bit, 8 has a page size. */
function skipLimits(section: Reader): void {
  const flags = section.u8();
  section.skipNumber();
  if (flags & 1) section.skipNumber();
  if (flags & 8) section.u32();
}
