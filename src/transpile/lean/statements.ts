import type { Span } from './edit.ts';
import { expectShape, GlueMismatch } from './expect-shape.ts';

/** A statement, with its semicolon. */
export interface Statement extends Span {
  readonly kind: 'function' | 'class' | 'variable' | 'other';
  /** The name of the function, the class or the single variable that it declares. */
  readonly name: string | undefined;
}

/** The beginning of a statement, or the end of their block. */
const HEAD =
  /\s*(?:(?<function>(?:async )?function\*?) (?<called>[\w$]+) ?\(|(?<class>class) (?<classed>[\w$]+) |(?<variable>const|let|var) (?:(?<valued>[\w$]+)(?=\s*[=;]))?|(?<block>if|try|for|while|switch)\b|(?<other>[\w$(])|(?<end>\}))/y;
/** Keywords that begin a statement if they begin a line. */
const TOKEN = /[{};]|^ *(?:(?:async )?function|class|const|let|var|return|if|try|for|while|switch|throw)\b/gm;
/** Text after a closing brace that continues the statement. */
const CONTINUES = /\s*(?:else\b|catch\b|finally\b|[),=.])/y;

/**
 * The statements of a block, and where it ends.
 *
 * @param plain see `plainText`
 * @param start position after the block's opening brace
 * @throws GlueMismatch if a statement does not end as jco's do: with a semicolon, or with its own block
 */
export function readStatements(plain: string, start: number): { statements: Statement[]; end: number } {
  const statements: Statement[] = [];
  let current = readHead(plain, start);
  let depth = 0;
  const finish = (end: number): void => {
    statements.push({ start: current.start, end, kind: current.kind, name: current.name });
    current = readHead(plain, end);
  };
  TOKEN.lastIndex = start;
  for (let match = TOKEN.exec(plain); match; match = TOKEN.exec(plain)) {
    const [token] = match;
    if (token === '{') depth += 1;
    else if (token === '}') {
      if (depth === 0) {
        expectShape(current.isEnd && current.start === match.index, 'a block that does not end');
        return { statements, end: match.index };
      }
      depth -= 1;
      if (depth === 0 && current.isBlock && !follows(CONTINUES, plain, match.index + 1))
        finish(match.index + 1);
    } else if (depth > 0) continue;
    else if (token === ';') {
      expectShape(!current.isBlock && !current.isEnd, 'a statement that is no block');
      finish(match.index + 1);
    } else {
      const begin = match.index + token.length - token.trimStart().length;
      const begun = plain.slice(current.start, current.start + 40);
      expectShape(begin === current.start, `the end of ${begun}`, begun.trimEnd());
    }
  }
  throw new GlueMismatch('a block that does not end');
}

type Group = 'function' | 'called' | 'class' | 'classed' | 'variable' | 'valued' | 'block' | 'end';

interface Head extends Pick<Statement, 'start' | 'kind' | 'name'> {
  readonly isBlock: boolean;
  readonly isEnd: boolean;
}

function readHead(plain: string, at: number): Head {
  HEAD.lastIndex = at;
  const match = HEAD.exec(plain);
  const groups = match?.groups as Readonly<Partial<Record<Group, string>>> | undefined;
  expectShape(match && groups, 'a statement that begins in an unknown way');
  const start = at + match[0].length - match[0].trimStart().length;
  const kind = groups.function ? 'function' : groups.class ? 'class' : groups.variable ? 'variable' : 'other';
  return {
    start,
    kind,
    name: groups.called ?? groups.classed ?? groups.valued,
    isBlock: kind === 'function' || kind === 'class' || groups.block !== undefined,
    isEnd: groups.end !== undefined,
  };
}

function follows(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}
