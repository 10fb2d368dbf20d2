import type { Reader } from './reader.ts';

const SECTION = { import: 2, export: 7 } as const;

/** Calls `visit` with every import and export name of a core module; `reader` stands after its preamble. */
export function visitModuleNames(
  reader: Reader,
  visit: (kind: 'import' | 'export', name: string) => void,
): void {
  while (reader.position < reader.end) {
    const id = reader.u8();
    const section = reader.part(reader.u32());
    if (id === SECTION.import) {
      section.list(() => {
        visit('import', section.name());
        visit('import', section.name());
        skipImportType(section);
      });
    } else if (id === SECTION.export) {
      section.list(() => {
        visit('export', section.name());
        section.u8();
        section.u32();
      });
    }
  }
}

function skipImportType(section: Reader): void {
  const kind = section.u8();
  switch (kind) {
    case 0x00: // function
      section.u32();
      break;
    case 0x01: // table
      skipValueType(section);
      skipLimits(section);
      break;
    case 0x02: // memory
      skipLimits(section);
      break;
    case 0x03: // global
      skipValueType(section);
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

function skipValueType(section: Reader): void {
  const type = section.u8();
  // A reference to a heap type, which follows.
  if (type === 0x63 || type === 0x64) section.s33();
}

/** Bits of the flags: 1 has a maximum, 2 shared, 4 64-bit, 8 has a page size. */
function skipLimits(section: Reader): void {
  const flags = section.u8();
  section.skipNumber();
  if (flags & 1) section.skipNumber();
  if (flags & 8) section.u32();
}
