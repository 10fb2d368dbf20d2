/** Part of a text, from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Edits of one text. Positions refer to the original text. */
export interface Editor {
  /** The original text. */
  readonly original: string;
  /** The original text of a span. */
  text(span: Span): string;
  /** Discards the edits within the span. */
  replace(span: Span, text: string): void;
  /** Discards the edits within the span. */
  remove(span: Span): void;
  /** Inserts before a position, after earlier insertions at the same position. */
  insert(position: number, text: string): void;
  /**
   * The text with all edits.
   *
   * @throws TypeError if a span was edited after a larger one around it, or overlaps with another
   */
  result(): string;
}

interface Edit extends Span {
  readonly text: string;
  /** The number of earlier edits. */
  readonly order: number;
}

export function createEditor(original: string): Editor {
  const edits: Edit[] = [];

  function replace({ start, end }: Span, text: string): void {
    edits.push({ start, end, text, order: edits.length });
  }

  return {
    original,
    text: ({ start, end }) => original.slice(start, end),
    replace,
    remove: (span) => replace(span, ''),
    insert: (position, text) => replace({ start: position, end: position }, text),
    result() {
      const parts: string[] = [];
      /** The last replacement; the following text begins at its end. */
      let last: Edit = { start: 0, end: 0, text: '', order: -1 };
      let at = 0;
      for (const edit of edits.toSorted(inOrder)) {
        const { start, end, text, order } = edit;
        const isWithin = start < at || (start === end && start === last.end && order < last.order);
        if (isWithin) {
          if (end > at || order > last.order) throw new TypeError(`edits overlap at ${start}`);
          continue;
        }
        parts.push(original.slice(at, start), text);
        at = end;
        if (end > start) last = edit;
      }
      parts.push(original.slice(at));
      return parts.join('');
    },
  };
}

/** By position; insertions first, then larger spans, then later edits. */
function inOrder(a: Edit, b: Edit): number {
  if (a.start !== b.start) return a.start - b.start;
  if (a.start === a.end || b.start === b.end) {
    if (a.start === a.end && b.start === b.end) return a.order - b.order;
    return a.start === a.end ? -1 : 1;
  }
  return b.end - a.end || b.order - a.order;
}
