import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A declaration in a `.d.ts` file of the package. */
interface Declaration {
  /** Its file and name, whatever an export calls it. */
  readonly id: string;
  readonly file: string;
  readonly text: string;
}

interface Module {
  readonly declared: ReadonlyMap<string, string>;
  /** What a name in this file stands for: a name in another file. */
  readonly imported: ReadonlyMap<string, readonly [file: string, name: string]>;
  readonly exported: ReadonlyMap<string, readonly [file: string, name: string]>;
}

/** Reads the declarations that the compiler writes, which have one statement after the other and types spelled out. */
export interface DeclarationReader {
  /** What a file exports, by name. */
  exportsOf(file: string): ReadonlyMap<string, Declaration>;
  /** The types of the package that the text of another declaration names. Not constants: their types are spelled out. */
  uses(declaration: Declaration): Declaration[];
}

const STATEMENT = /^(?=(?:export|declare|interface|type|class|import|const|function)\b)/m;
const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|function) (\w+)/;
const CONSTANT = /^(?:export )?(?:declare )?const /;
const LIST = /^(import|export) (?:type )?\{([^}]*)\}(?: from ['"]([^'"]+)['"])?/;

export function createDeclarationReader(): DeclarationReader {
  const modules = new Map<string, Module>();

  function moduleOf(file: string): Module {
    const known = modules.get(file) ?? readModule(file);
    modules.set(file, known);
    return known;
  }

  function find(file: string, name: string): Declaration | undefined {
    const { declared, imported, exported } = moduleOf(file);
    const text = declared.get(name);
    if (text !== undefined) return { id: `${file}#${name}`, file, text };
    const elsewhere = imported.get(name) ?? exported.get(name);
    return elsewhere && find(...elsewhere);
  }

  return {
    exportsOf(file) {
      const { declared, exported } = moduleOf(file);
      const own = [...declared].filter(([, text]) => text.startsWith('export ')).map(([name]) => name);
      return new Map([...own, ...exported.keys()].map((name) => [name, find(file, name)!]));
    },
    uses({ file, text }) {
      const names = new Set(text.match(/\b[A-Za-z_]\w*\b/g));
      const { declared, imported } = moduleOf(file);
      const known = [...names].filter((name) => declared.has(name) || imported.has(name));
      return known.flatMap((name) => find(file, name) ?? []).filter((used) => !CONSTANT.test(used.text));
    },
  };
}

function readModule(file: string): Module {
  const declared = new Map<string, string>();
  const imported = new Map<string, readonly [string, string]>();
  const exported = new Map<string, readonly [string, string]>();
  const text = readFileSync(file, 'utf8').replace(/\/\*.*?\*\//gs, '');
  for (const statement of text.split(STATEMENT)) {
    const list = LIST.exec(statement);
    if (list === null) {
      const name = DECLARED.exec(statement)?.[1];
      // A function has a declaration for each of its overloads.
      if (name !== undefined) declared.set(name, (declared.get(name) ?? '') + statement);
      continue;
    }
    const [, kind, names = '', from] = list;
    if (from?.startsWith('.') === false) continue;
    const target = from === undefined ? file : join(dirname(file), from.replace(/\.[jt]s$/, '.d.ts'));
    for (const word of names.split(',').map((one) => one.trim().replace(/^type /, ''))) {
      const [name, local = name] = word.split(' as ');
      if (!name) continue;
      if (kind === 'import') imported.set(local!, [target, name]);
      // Without `from` it is a name of this file: one that is imported is found under its own name again.
      else if (from !== undefined || name !== local || !declared.has(name))
        exported.set(local!, [target, name]);
    }
  }
  return { declared, imported, exported };
}
