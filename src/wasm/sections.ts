import { WasmcpError } from '../../host/index.ts';
import { PREAMBLE } from './encode.ts';
import { createReader, type Reader } from './reader.ts';

/** Ids of the sections of a core module that are read or written here. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** One section of a core module. */
export interface Section {
  readonly id: number;
  /** Offset of its id, where the section begins. */
  readonly start: number;
  /** Offset after its last byte. */
  readonly end: number;
  /** A new reader of its content. */
  read(): Reader;
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(SECTION));

/**
 * Divides a core module (WebAssembly core specification, 5.5 Modules) into its sections, in the order of the file.
 *
 * @throws WasmcpError `component-invalid`: not a core module, truncated, or an unknown or repeated section
 */
export function readSections(bytes: Uint8Array): Section[] {
  const fail = (problem: string, position: number): never => {
    throw new WasmcpError(
      'component-invalid',
      `a core module cannot be read: ${problem} (at byte ${position})`,
    );
  };
  const reader = createReader(bytes, fail);
  for (const byte of PREAMBLE) if (reader.u8() !== byte) reader.fail('it does not begin as one');
  const sections: Section[] = [];
  const seen = new Set<number>();
  while (reader.position < reader.end) {
    const start = reader.position;
    const id = reader.u8();
    if (!KNOWN.has(id)) reader.fail(`section ${id} is unknown`);
    if (id !== SECTION.custom && seen.has(id)) reader.fail(`section ${id} occurs twice`);
    seen.add(id);
    const length = reader.u32();
    const from = reader.position;
    reader.skip(length);
    const end = reader.position;
    sections.push({ id, start, end, read: () => createReader(bytes, fail, from, end) });
  }
  return sections;
}

/** The section with this id; undefined if the module has none. */
export function findSection(sections: readonly Section[], id: number): Section | undefined {
  return sections.find((section) => section.id === id);
}
