import { expectShape } from '../expect-shape.ts';
import { functionParts } from '../outline.ts';
import type { Rewriting } from '../rewriting.ts';

/** A function of jco, with its parameters and its replacement. */
export type Replacement = readonly [name: string, params: string, replacement: string];

/** Replaces those that the glue contains. Other parameters mean another function, which is a mismatch. */
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
