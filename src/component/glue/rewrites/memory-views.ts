import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import { calleeName, walkAll } from '../syntax.ts';

const STRING = /^TEXT_DECODER_UTF8\.decode\(new Uint8Array\((memory\d+)\.buffer, (\w+), (\w+)\)\)$/;
const LIST = /^new Uint8Array\((memory\d+)\.buffer\.slice\((\w+), \2 \+ (\w+) \* 1\)\)$/;

/** Memories are read through views that are kept; strings and lists of bytes from guests are checked. */
export function keepMemoryViews({ outline, edit, body }: Rewriting): void {
  const memories = new Set<string>();
  const views = (memory: string): string => {
    must(outline.locals.has(memory), memory);
    memories.add(memory);
    return `$${memory}`;
  };
  walkAll(body, (node) => {
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return true;
    if (calleeName(node) === 'dataView') {
      const [, memory] = /^dataView\((memory\d+)\)$/.exec(edit.text(node)) ?? [];
      must(memory, 'a view of an unknown memory');
      edit.replace(node, `${views(memory)}.view()`);
      return false;
    }
    const callee = edit.text(node.callee);
    if (callee === 'TEXT_DECODER_UTF8.decode') {
      const [, memory, pointer, length] = STRING.exec(edit.text(node)) ?? [];
      must(memory, 'a string in an unknown place');
      edit.replace(node, `$contents.string(${views(memory)}.bytes(), ${pointer}, ${length})`);
      return false;
    }
    if (callee.endsWith('.buffer.slice')) must(false, 'a list in an unknown place');
    if (!callee.endsWith('Array')) return true;
    const [, memory, pointer, length] = LIST.exec(edit.text(node)) ?? [];
    if (memory === undefined) return true;
    edit.replace(node, `$contents.list(${views(memory)}.bytes(), ${pointer}, ${length})`);
    return false;
  });
  const made = [...memories].map((memory) => `const $${memory} = createMemoryViews(() => ${memory});\n`);
  edit.insert(outline.body.start + 1, `\n${made.join('')}`);
}
