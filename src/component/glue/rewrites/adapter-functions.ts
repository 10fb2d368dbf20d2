import { must } from '../mismatch.ts';
import type { Rewriting } from '../rewriting.ts';
import type { FunctionDeclaration } from '../syntax.ts';
import { COPY_UTF8 } from '../wasm/copy-utf8.ts';

const TRAP = /^\{\s*throw new WebAssemblyRuntimeError\(("wasm trap: [^"\\]*")\);\s*\}$/;
const COPY =
  /^\{\s*new Uint8Array\((memory\d+)\.buffer, to_ptr, len\)\.set\(new Uint8Array\((memory\d+)\.buffer, from_ptr, len\)\);\s*\}$/;
const HELPERS = /^(_symmetricSyncGuestCall(Enter|Exit)|resourceTransfer(Own|Borrow))$/;

/**
 * What the adapters between components call: traps, which have to mark the instance dead because a guest can catch
 * them, and copies of strings, which a wasm module makes and checks.
 */
export function replaceAdapterFunctions(rewriting: Rewriting): void {
  const { outline, edit } = rewriting;
  let copies = 0;
  for (const [name, { value }] of outline.locals) {
    if (!/^trampoline\d+$/.test(name) || value?.type === 'ConditionalExpression') continue;
    if (value?.type === 'FunctionDeclaration') copies += replaceFunction(rewriting, value) ? 1 : 0;
    else {
      const text = value ? edit.text(value) : '';
      must(HELPERS.test(text) || text.startsWith('rscTableCreateOwn.bind('), `what ${name} is`);
    }
  }
  if (copies === 0) return;
  edit.insert(
    outline.program.start,
    `const $COPY_UTF8 = new WebAssembly.Module(Buffer.from('${COPY_UTF8}', 'base64'));
const $NO_CARDS = new WebAssembly.Memory({ initial: 17 });\n`,
  );
  edit.insert(
    outline.generator.start,
    `const $copyUtf8 = (from, to) => new WebAssembly.Instance($COPY_UTF8, {
      memory: { from, to, cards: to[Symbol.for('wasmcp-node.cards')] ?? $NO_CARDS },
      trap: { invalid: () => $calls.trap('a string is not valid UTF-8') },
    }).exports.copy;\n`,
  );
}

/** Answers true for a copy: it becomes a function that makes the copying function, for when the memories exist. */
function replaceFunction({ edit, outline }: Rewriting, declared: FunctionDeclaration): boolean {
  const name = declared.id.name;
  const body = edit.text(declared.body);
  const params = declared.params.map((param) => edit.text(param)).join(', ');
  // Looked at with the handle tables.
  if (params === 'handle' && body.includes('rscTable')) return false;
  const message = TRAP.exec(body)?.[1];
  if (message !== undefined && params === '') {
    edit.replace(declared.body, `{ $calls.trap(${message}); }`);
    return false;
  }
  const [, to, from] = COPY.exec(body) ?? [];
  must(from && to && params === 'from_ptr, len, to_ptr', `what ${name} does`);
  must(outline.locals.has(from) && outline.locals.has(to), `the memories of ${name}`);
  edit.replace(declared, `function ${name}() { return $copyUtf8(${from}, ${to}); }`);
  return true;
}
