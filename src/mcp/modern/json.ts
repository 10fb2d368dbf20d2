/** A number that JavaScript may not keep as it is. Ids in texts look similar, but nothing precedes them that precedes a number. */
const MAY_LOSE = /(?:^|[:,[\s])(?:-?(?:[\d.]{16}|\d[\d.]*[eE])|-0(?!\.))/;

/**
 * The text with another `result` or `error`: everything else is written again as it was. Numbers beyond the precision of
 * JavaScript keep their digits.
 */
export function parseExactly(text: string): unknown {
  if (!MAY_LOSE.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? json.rawJSON(context.source)
      : value,
  );
}

/** TypeScript's library does not have it yet. */
const json = JSON as unknown as { rawJSON(text: string): unknown };
