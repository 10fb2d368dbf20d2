import { findMemoryAccesses } from '../memory-accesses.ts';
import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';

const ENCODER = '_utf8AllocateAndEncode';

/** Makes the views of memories that code, that of host functions too, reads and writes through. */
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
  for (const memory of memories) must(outline.locals.has(memory), memory);
  const helper = outline.helpers.get(ENCODER);
  if (helper) {
    const target = 'new Uint8Array(memory.buffer, ptr, len)';
    const parts = edit.text(helper).split(target);
    must(parts.length === 2 && !/\bmemory\b/.test(parts.join('').replace('memory', '')), ENCODER);
    const start = helper.start + parts[0]!.length;
    edit.replace({ start, end: start + target.length }, 'memory.target(ptr, len)');
  }
  const made = [...memories].map((memory) => `const $${memory} = createMemoryViews(() => ${memory});\n`);
  edit.insert(start + 1, `\n${made.join('')}`);
}
