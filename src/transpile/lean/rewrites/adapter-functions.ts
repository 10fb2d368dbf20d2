import { expectShape } from '../expect-shape.ts';
import { functionParts, valueSpan } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';
import type { Statement } from '../statements.ts';
import { COPY_UTF8 } from '../wasm/copy-utf8.ts';

const TRAP = /^\{\s*throw new WebAssemblyRuntimeError\(("wasm trap: [^"\\]*")\);\s*\}$/;
const COPY =
  /^\{\s*new Uint8Array\((memory\d+)\.buffer, to_ptr, len\)\.set\(new Uint8Array\((memory\d+)\.buffer, from_ptr, len\)\);\s*\}$/;
const HELPERS = /^(_symmetricSyncGuestCall(Enter|Exit)|resourceTransfer(Own|Borrow))$/;

/**
 * Replaces the functions that adapters between components call: traps, which must mark the instance dead because a guest can
 * catch them, and copies of strings, which a wasm module makes and checks.
 */
export function replaceAdapterFunctions(rewriting: Rewriting): void {
  const { outline, edit, prelude, hostFunctions } = rewriting;
  const bound = new Set(hostFunctions.map(({ number }) => `trampoline${number}`));
  let copies = 0;
  for (const [name, statement] of outline.locals) {
    if (!/^trampoline\d+$/.test(name) || bound.has(name)) continue;
    if (statement.kind === 'function') copies += replaceFunction(rewriting, name, statement) ? 1 : 0;
    else {
      const value = valueSpan(outline, name);
      const text = value ? edit.text(value) : '';
      expectShape(HELPERS.test(text) || text.startsWith('rscTableCreateOwn.bind('), `what ${name} is`);
    }
  }
  if (copies === 0) return;
  prelude.push(`const $COPY_UTF8 = new WebAssembly.Module(Buffer.from('${COPY_UTF8}', 'base64'));
const $NO_DIRTY_MAP = new WebAssembly.Memory({ initial: 17 });\n`);
  edit.insert(
    outline.generator.start,
    `const $copyUtf8 = (from, to) => new WebAssembly.Instance($COPY_UTF8, {
      memory: { from, to, dirtyMap: to[Symbol.for('wasmcp-node.dirty-map')] ?? $NO_DIRTY_MAP },
      trap: { invalid: () => $callStack.trap('a string is not valid UTF-8') },
    }).exports.copy;\n`,
  );
}

/** Returns true for a copy: it becomes a function that creates the copying function once the memories exist. */
function replaceFunction({ edit, outline }: Rewriting, name: string, declared: Statement): boolean {
  const { params, body } = functionParts(edit.text(declared)) ?? {};
  expectShape(params !== undefined && body !== undefined, `what ${name} is`);
  // Checked together with the handle tables.
  if (params === 'handle' && body.includes('rscTable')) return false;
  const message = TRAP.exec(body)?.[1];
  if (message !== undefined && params === '') {
    edit.replace(
      { start: declared.end - body.length, end: declared.end },
      `{ $callStack.trap(${message}); }`,
    );
    return false;
  }
  const [, to, from] = COPY.exec(body) ?? [];
  expectShape(from && to && params === 'from_ptr, len, to_ptr', `what ${name} does`);
  expectShape(outline.locals.has(from) && outline.locals.has(to), `the memories of ${name}`);
  edit.replace(declared, `function ${name}() { return $copyUtf8(${from}, ${to}); }`);
  return true;
}
