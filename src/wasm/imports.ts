import type { Reader } from './reader.ts';
import { readTableType } from './tables.ts';
import { readGlobalType, readMemoryType } from './types.ts';

const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/** Callbacks for each import. Those that get the reader must read the type; by default it is read and checked. */
export interface ImportVisitor {
  /** Called with the names of every import, before its type. */
  name?(module: string, name: string): void;
  function?(): void;
  table?(reader: Reader): void;
  memory?(reader: Reader): void;
  global?(reader: Reader): void;
}

/** Reads an import section; `reader` is positioned before its count. */
export function readImports(reader: Reader, visitor: ImportVisitor): void {
  reader.list(() => {
    const module = reader.name();
    const name = reader.name();
    visitor.name?.(module, name);
    readImportType(reader, visitor);
  });
}

function readImportType(reader: Reader, visitor: ImportVisitor): void {
  const kind = reader.u8();
  switch (kind) {
    case KIND.function:
      reader.u32();
      visitor.function?.();
      break;
    case KIND.table:
      (visitor.table ?? readTableType)(reader);
      break;
    case KIND.memory:
      (visitor.memory ?? readMemoryType)(reader);
      break;
    case KIND.global:
      (visitor.global ?? readGlobalType)(reader);
      break;
    case KIND.tag:
      reader.u8();
      reader.u32();
      break;
    default:
      reader.fail(`a core module imports something of unknown kind ${kind}`);
  }
}
