import MagicString from 'magic-string';

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
  replace(span: Span, text: string): void;
  remove(span: Span): void;
  /** Inserts in front of a position. */
  insert(position: number, text: string): void;
  /** The text with all edits. */
  result(): string;
}

export function createEditor(original: string): Editor {
  const edited = new MagicString(original);
  return {
    original,
    text: ({ start, end }) => original.slice(start, end),
    replace: ({ start, end }, text) => void edited.overwrite(start, end, text),
    remove: ({ start, end }) => void edited.remove(start, end),
    insert: (position, text) => void edited.appendLeft(position, text),
    result: () => edited.toString(),
  };
}
