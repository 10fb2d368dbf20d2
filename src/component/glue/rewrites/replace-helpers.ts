import { must } from '../mismatch.ts';
import { helperFunction } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';

/** A function of jco's, with its parameters, and what takes its place. */
export type Replacement = readonly [name: string, params: string, replacement: string];

/** Those that the glue has are replaced; one with other parameters is not the function that is meant. */
export function replaceHelpers({ outline, edit }: Rewriting, replacements: readonly Replacement[]): void {
  for (const [name, params, replacement] of replacements) {
    if (!outline.helpers.has(name)) continue;
    const helper = helperFunction(outline, name);
    must(helper.params.map((param) => edit.text(param)).join(', ') === params, `the parameters of ${name}`);
    edit.remove(helper);
    edit.insert(outline.generator.start, `const ${name} = ${replacement};\n`);
  }
}
