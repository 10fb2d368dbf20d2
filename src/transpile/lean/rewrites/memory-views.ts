import { expectShape } from '../expect-shape.ts';
import { findMemoryAccesses } from '../memory-accesses.ts';
import type { Rewriting } from '../rewriting.ts';

/** Helpers that get views instead of a memory as their last parameter. */
const HELPERS = ['_utf8AllocateAndEncode', '_utf16AllocateAndEncode', '_allocate', '_checkList'];
const TARGET = /\bnew Uint8Array\(memory\.buffer, (ptr, [^()\n]+)\)/g;

/** Creates the memory views through which all code reads and writes, including that of host functions. */
export function keepMemoryViews({ outline, edit, hostFunctions }: Rewriting): void {
  const { start, end } = outline.body;
  const used = hostFunctions.flatMap(({ place, lean }) =>
    lean.memories.map((memory) => ({ start: place.start, memory })),
  );
  for (const access of findMemoryAccesses(edit.text({ start, end }))) {
    const span = { start: start + access.start, end: start + access.end };
    edit.replace(span, access.text);
    if (access.memory) used.push({ start: span.start, memory: access.memory });
  }
  const memories = new Set(used.toSorted((a, b) => a.start - b.start).map(({ memory }) => memory));
  for (const memory of memories) expectShape(outline.locals.has(memory), memory);
  for (const name of HELPERS) {
    const helper = outline.helpers.get(name);
    if (helper === undefined) continue;
    const text = edit
      .text(helper)
      .replace(TARGET, 'memory.target($1)')
      .replace('memory.buffer.byteLength', 'memory.bytes().length');
    expectShape(!text.includes('memory.buffer'), name);
    edit.replace(helper, text);
  }
  const made = [...memories].map((memory) => `const $${memory} = createMemoryViews(() => ${memory});\n`);
  edit.insert(start + 1, `\n${made.join('')}`);
}
