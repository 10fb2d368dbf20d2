import { expectShape } from './expect-shape.ts';

/** Glue in which no name from a core module can be mistaken for code. */
export interface HiddenNames {
  readonly code: string;
  /**
   * Puts the names back into the rewritten code.
   *
   * @throws GlueMismatch if one of the placeholders was changed
   */
  reveal(code: string): string;
}

/**
 * The imports of a core module: an object of objects. Names contain no line breaks, so a key is always at the start of a
 * line.
 */
const GIVEN = /\binstantiateCore\(module\d+, \{\n[\s\S]*?\n\s*\}\)\);/g;
const KEY = /^(\s*)(?:'([^'\n]*)'|([A-Za-z_$][\w$]*)): /gm;
/** An export of a core module; strings, comments and templates are skipped as a whole. */
const TAKEN =
  /\b(exports\d+)(?:\['([^'\n]*)'\]|\.([A-Za-z_$][\w$]*))|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const HIDDEN = /'name:(\d+)'/g;

/**
 * Hides the names of core modules' imports and exports: they may be any printable text, including text that a rewrite looks
 * for. Every other name in glue comes from WIT, or consists of letters and digits.
 */
export function hideNames(glue: string): HiddenNames {
  const numbers = new Map<string, number>();
  const hidden = (name: string): string => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return `'name:${number}'`;
  };
  const withoutKeys = glue.replace(GIVEN, (given) =>
    given.replace(KEY, (_, indent: string, quoted?: string, plain?: string) => {
      return `${indent}${hidden(quoted ?? plain!)}: `;
    }),
  );
  const code = withoutKeys.replace(TAKEN, (text, from?: string, quoted?: string, plain?: string) =>
    from === undefined ? text : `${from}[${hidden(quoted ?? plain!)}]`,
  );
  const names = [...numbers.keys()];

  return {
    code,
    reveal(rewritten) {
      const shown = rewritten.match(HIDDEN)?.length ?? 0;
      expectShape(rewritten.split("'name:").length - 1 === shown, 'a name was changed');
      return rewritten.replace(HIDDEN, (_, number: string) => {
        const name = names[Number(number)];
        expectShape(name !== undefined, 'a name that was not there');
        return `'${name}'`;
      });
    },
  };
}
