import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { OutputChunk, Plugin } from 'rolldown';

/** One line for each of Node's modules that a chunk imports, as the bundler prints it. */
const BUILTIN_IMPORT = /^import (?:([\w$]+)|\{ ([^}]+) \}) from "(node:[\w/]+)";$/gm;

/**
 * Takes Node's modules without `import`, which evaluates every export of `node:fs`, `node:process` and `node:util`: streams,
 * parsers and more that a start does not use.
 */
export const lazyBuiltins = (isEntry: RegExp): Plugin => ({
  name: 'lazy-builtins',
  renderChunk(code, { fileName }) {
    // These also run in an older Node, to report that it is too old.
    if (isEntry.test(fileName)) return undefined;
    return code.replace(BUILTIN_IMPORT, (_, whole: string | undefined, names: string | undefined, from) => {
      const target = whole ?? `{ ${names!.replaceAll(' as ', ': ')} }`;
      return `const ${target} = globalThis.process.getBuiltinModule("${from}");`;
    });
  },
});

/** A chunk that does nothing but export what another one contains, for an `import()` of one of several modules in it. */
const FACADE = /^(?:import "[^"]+";\n)*export \{ [^}]+ \} from "\.\/(\w+\.js)";\n*$/;

/** Lets each `import()` name the chunk with the code: another file would have to be found and read first. */
export const withoutFacades: Plugin = {
  name: 'without-facades',
  generateBundle(_, bundle) {
    const targets = new Map<string, string>();
    const imported = new Set(
      Object.values(bundle).flatMap((file) => ('imports' in file ? file.imports : [])),
    );
    for (const [path, chunk] of Object.entries(bundle)) {
      if (chunk.type !== 'chunk' || chunk.isEntry || chunk.code.includes(' as ')) continue;
      const target = FACADE.exec(chunk.code)?.[1];
      if (target === undefined || imported.has(path)) continue;
      targets.set(basename(path), target);
      delete bundle[path];
    }
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      chunk.code = chunk.code.replace(
        /\bimport\("([./]+(?:shared\/)?)(\w[\w-]*\.js)"\)/g,
        (all, folder: string, name: string) =>
          targets.has(name) ? `import("${folder}${targets.get(name)}")` : all,
      );
    }
  },
};

/** Commander starts programs for commands that are files of their own; there are none, and `node:child_process` takes 3 ms to load. */
export const withoutPrograms: Plugin = {
  name: 'without-programs',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/node_modules/commander/') ? '\0programs' : undefined,
  load: (id) => (id === '\0programs' ? 'export default {};' : undefined),
};

/** The licenses of the packages whose code is in chunks. */
export function licensesOf(chunks: readonly OutputChunk[]): Map<string, string> {
  const folders = chunks.flatMap(({ moduleIds }) =>
    moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? []),
  );
  const found = new Map<string, string>();
  for (const folder of new Set(folders)) {
    const { name, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = globSync('LICEN[CS]E*', { cwd: folder })[0];
    found.set(name, file === undefined ? license : readFileSync(join(folder, file), 'utf8').trim());
  }
  return found;
}
