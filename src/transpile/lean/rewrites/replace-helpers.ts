import { expectShape } from '../expect-shape.ts';
import { functionParts } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';

/** A function of jco's, with its parameters, and what takes its place. */
export type Replacement = readonly [name: string, params: string, replacement: string];

/** Those that the glue has are replaced; one with other parameters is not the function that is meant. */
export function replaceHelpers({ outline, edit }: Rewriting, replacements: readonly Replacement[]): void {
  for (const [name, params, replacement] of replacements) {
    const helper = outline.helpers.get(name);
    if (!helper) continue;
    const text = edit.text(helper);
    expectShape(functionParts(text)?.params === params, `the parameters of ${name}`, text);
    edit.remove(helper);
    edit.insert(outline.generator.start, `const ${name} = ${replacement};\n`);
  }
}
