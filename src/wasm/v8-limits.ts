import { findSection, readSections, SECTION } from './sections.ts';

/** V8's limits for a function (WebAssembly JavaScript interface, "Implementation-defined limits"). */
export const MAX_BODY = 7_654_321;

/** Locals of a function, including its parameters. */
export const MAX_LOCALS = 50_000;

const MAX_SIZE: number = 1024 ** 3;
const MAX_MEMORIES = 100_000;
const MAX_TABLES = 100_000;
const MAX_OTHERS = 1_000_000;

/**
 * The kind of items of which a module has more than V8 accepts, among those that are added to modules here; undefined if
 * none.
 */
export function exceedsV8(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_SIZE) return 'bytes';
  const sections = readSections(bytes);
  const most: readonly (readonly [what: string, limit: number, ...ids: number[]])[] = [
    ['memories', MAX_MEMORIES, SECTION.memory],
    ['tables', MAX_TABLES, SECTION.table],
    ['types', MAX_OTHERS, SECTION.type],
    ['imports', MAX_OTHERS, SECTION.import],
    // Imports count as well.
    ['functions', MAX_OTHERS, SECTION.function, SECTION.import],
    ['globals', MAX_OTHERS, SECTION.global, SECTION.import],
    ['exports', MAX_OTHERS, SECTION.export],
  ];
  const count = (id: number): number => findSection(sections, id)?.read().u32() ?? 0;
  return most.find(([, limit, ...ids]) => ids.reduce((sum, id) => sum + count(id), 0) > limit)?.[0];
}
