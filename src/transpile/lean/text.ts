import type { Span } from './edit.ts';
import { expectShape } from './expect-shape.ts';

/**
 * A pattern for the first word of a statement in a list of statements. The text before it is examined last: patterns that begin
 * with a lookbehind take ten times as long.
 */
export function statementWith(word: string): string {
  return `${word}(?<=[;{}]\\s*${word})`;
}

const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;
const OPAQUE = new RegExp(`//.*|${STRING.source}|\`(?:[^\`\\\\]|\\\\.)*\``, 'g');
const COMPUTED = /(\$\{[^{}]*\})/;
/** A key of an object, and the text before it. */
export const KEY: RegExp = /([{,]\s*)([\w$]+:)/g;
/** Not after a dot, unless it is the third of a spread. */
const NAME = /(?<![\w$#]|(?<!\.\.)\.)[A-Za-z_$][\w$]*/g;
/** Of a class or an object. */
const METHOD = /^ *(?:(?:async|get|set|static) )*([\w$]+)\(([^()]*)\) \{/gm;
const DECLARED =
  /(?<![\w$.])(?:(?:const|let|var) ([\w$]+(?:, [\w$]+)*|\{[^{}]*\}|\[[^[\]]*\])|(?:function\*?|class) ([\w$]+)|catch ?\(([^()]*)\))/g;
const PARAMETERS = /(?<![\w$.])function\*? ?[\w$]*\s*\(([^()]*)\)|\(([^()]*)\) =>|\b([\w$]+) =>/g;
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'async await break case catch class const constructor continue default delete do else export extends false finally for ' +
    'function if in instanceof let new null of return static super switch this throw true try typeof undefined var void ' +
    'while yield'
  ).split(' '),
);

/** The span of a match in a text that begins at `offset`, without the first `skip` characters of the match. */
export function spanOf(
  match: RegExpExecArray,
  { offset = 0, skip = 0 }: { readonly offset?: number; readonly skip?: number } = {},
): Span {
  const start = offset + match.index;
  return { start: start + skip, end: start + match[0].length };
}

/**
 * Code with blanks in place of strings, comments, the literal parts of templates, and keys.
 *
 * @throws GlueMismatch for regular expressions, divisions, and templates within templates: jco writes none
 */
export function plainText(code: string): string {
  const plain = code.replace(OPAQUE, (text) => {
    if (!text.startsWith('`')) return ' '.repeat(text.length);
    return text
      .split(COMPUTED)
      .map((part, index) =>
        index % 2 === 0 ? blank(part) : `  ${part.slice(2, -1).replace(STRING, blank)} `,
      )
      .join('');
  });
  expectShape(!/['"`/]/.test(plain), 'a string, a comment or a pattern in an unknown form');
  return plain.replace(KEY, (_, front: string, key: string) => front + ' '.repeat(key.length));
}

function blank(text: string): string {
  expectShape(!text.includes('${'), 'a template in an unknown form');
  return ' '.repeat(text.length);
}

/** Whether plain code ends with the block that it opens first. */
export function endsWithItsBlock(plain: string): boolean {
  let depth = 0;
  for (const { 0: brace, index } of plain.matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1;
    if (depth === 0) return index === plain.length - 1;
  }
  return false;
}

/** Names of variables and functions in plain code. */
export function namesInText(plain: string): Set<string> {
  const names = new Set(plain.match(NAME));
  for (const keyword of KEYWORDS) names.delete(keyword);
  return names;
}

/** Names that plain code declares, in any scope. */
export function declaredInText(plain: string): Set<string> {
  const declared = new Set<string>();
  for (const pattern of [DECLARED, PARAMETERS, METHOD]) {
    for (const match of plain.matchAll(pattern)) {
      for (const part of match.slice(1)) for (const name of part?.match(NAME) ?? []) declared.add(name);
    }
  }
  return declared;
}
