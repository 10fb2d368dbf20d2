import { must } from '../mismatch.ts';
import { helperFunction } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';
import { type AnyNode, calleeName, isVariable, walk, walkAll } from '../syntax.ts';

const STRING = /^TEXT_DECODER_UTF8\.decode\(new Uint8Array\((memory\d+)\.buffer, (\w+), (\w+)\)\)$/;
const LIST = /^new Uint8Array\((memory\d+)\.buffer\.slice\((\w+), \2 \+ (\w+) \* 1\)\)$/;
const TARGET = /^new Uint8Array\((memory\d+)\.buffer, (\w+), (\w+)\)$/;
/** What a list of numbers is copied from. */
const COPIED = /^new Uint8Array\((val\d+)\.buffer \|\| \1, \1\.byteOffset, (valLenBytes\d+)\)$/;
const WRITER = /^new DataView\((memory\d+)\.buffer\)$/;
const WIDE_STRING = /^utf16Decoder\.decode\(new Uint16Array\(memory\d+\.buffer, \w+, \w+\)\)$/;
const ENCODER = '_utf8AllocateAndEncode';
const MEMORY = /^memory\d+$/;

/**
 * Memories are read through views that are kept; strings and lists of bytes from guests are checked. What is written is
 * written through views that note where: every access to a memory has to be of a known form.
 */
export function keepMemoryViews({ outline, edit, body }: Rewriting): void {
  const memories = new Set<string>();
  const views = (memory: string): string => {
    must(outline.locals.has(memory), memory);
    memories.add(memory);
    return `$${memory}`;
  };
  walkAll(body, (node, parent) => {
    if (node.type === 'FunctionDeclaration' && isCopy(edit.text(node))) return false;
    if (isVariable(node, parent) && MEMORY.test(node.name)) {
      must(isBinding(node, parent), `what becomes of ${node.name}`);
      return false;
    }
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return true;
    if (calleeName(node) === 'dataView') {
      const [, memory] = /^dataView\((memory\d+)\)$/.exec(edit.text(node)) ?? [];
      const method = parent?.type === 'MemberExpression' ? edit.text(parent.property) : '';
      must(memory && /^[gs]et[A-Z]/.test(method), 'a view of an unknown memory');
      edit.replace(node, `${views(memory)}.${method.startsWith('set') ? 'writer' : 'view'}()`);
      return false;
    }
    if (calleeName(node) === ENCODER) {
      const memory = node.arguments[2];
      must(memory && MEMORY.test(edit.text(memory)), 'a string that goes to an unknown place');
      edit.replace(memory, views(edit.text(memory)));
      for (const value of node.arguments.slice(0, 2)) must(!mentionsMemory(value), 'the memory of a string');
      return false;
    }
    const text = edit.text(node);
    if (WIDE_STRING.test(text)) return false;
    const callee = edit.text(node.callee);
    if (callee === 'TEXT_DECODER_UTF8.decode') {
      const [, memory, pointer, length] = STRING.exec(text) ?? [];
      must(memory, 'a string in an unknown place');
      edit.replace(node, `$contents.string(${views(memory)}.bytes(), ${pointer}, ${length})`);
      return false;
    }
    if (callee.endsWith('.buffer.slice')) must(false, 'a list in an unknown place');
    const [, list, listPointer, listLength] = LIST.exec(text) ?? [];
    const [, target, pointer, length] = TARGET.exec(text) ?? [];
    const [, copied, copiedLength] = COPIED.exec(text) ?? [];
    const [, writer] = WRITER.exec(text) ?? [];
    if (list) edit.replace(node, `$contents.list(${views(list)}.bytes(), ${listPointer}, ${listLength})`);
    else if (target) edit.replace(node, `${views(target)}.target(${pointer}, ${length})`);
    else if (copied) edit.replace(node, `$contents.bytes(${copied}, ${copiedLength})`);
    else if (writer) edit.replace(node, `${views(writer)}.writer()`);
    else return true;
    return false;
  });
  if (outline.helpers.has(ENCODER)) {
    const helper = helperFunction(outline, ENCODER);
    const target = 'new Uint8Array(memory.buffer, ptr, len)';
    const parts = edit.text(helper).split(target);
    must(parts.length === 2 && !/\bmemory\b/.test(parts.join('').replace('memory', '')), ENCODER);
    const start = helper.start + parts[0]!.length;
    edit.replace({ start, end: start + target.length }, 'memory.target(ptr, len)');
  }
  const made = [...memories].map((memory) => `const $${memory} = createMemoryViews(() => ${memory});\n`);
  edit.insert(outline.body.start + 1, `\n${made.join('')}`);
}

/** A copy of a string from memory to memory, which becomes a wasm function. */
function isCopy(text: string): boolean {
  return /^function trampoline\d+\(from_ptr, len, to_ptr\)/.test(text);
}

/** Where it is declared, gets its value, or is told to a task. */
function isBinding(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (parent?.type === 'VariableDeclarator') return parent.id === node;
  // `task.setReturnMemory((() => memory0)())`: there are no tasks.
  if (parent?.type === 'ArrowFunctionExpression') return parent.body === node;
  return parent?.type === 'AssignmentExpression' && parent.left === node;
}

function mentionsMemory(value: AnyNode): boolean {
  let found = false;
  walk(value, (node, parent) => {
    if (isVariable(node, parent) && MEMORY.test(node.name)) found = true;
  });
  return found;
}
