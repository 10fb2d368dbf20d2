/** Part of a text, from `start` up to but without `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Edits of one text. Positions are those of the text as it was before any edit. */
export interface Editor {
  /** The text as it was. */
  readonly original: string;
  /** What a span held before any edit. */
  text(span: Span): string;
  /** Discards the edits within the span. */
  replace(span: Span, text: string): void;
  /** Discards the edits within the span. */
  remove(span: Span): void;
  /** Inserts in front of a position, behind what was inserted there before. */
  insert(position: number, text: string): void;
  /**
   * The text with all edits.
   *
   * @throws TypeError when a span was edited after a larger one around it, or across the border of another
   */
  result(): string;
}

interface Edit extends Span {
  readonly text: string;
  /** How many edits came before. */
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
      /** The last replacement; what comes next begins at its end. */
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

/** By place; insertions first, then what is larger, then what is later. */
function inOrder(a: Edit, b: Edit): number {
  if (a.start !== b.start) return a.start - b.start;
  if (a.start === a.end || b.start === b.end) {
    if (a.start === a.end && b.start === b.end) return a.order - b.order;
    return a.start === a.end ? -1 : 1;
  }
  return b.end - a.end || b.order - a.order;
}
