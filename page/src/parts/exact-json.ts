/** JSON.rawJSON and the source text of a reviver, which TypeScript's library does not declare yet. */
interface RawJson {
  rawJSON?: (text: string) => object;
  isRawJSON?: (value: unknown) => boolean;
}

const raw = JSON as typeof JSON & RawJson;

/** Parses JSON and keeps numbers that JavaScript's would round, where the browser can. */
export function parseExact(text: string): unknown {
  const { rawJSON } = raw;
  if (rawJSON === undefined) return JSON.parse(text);
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
    return rawJSON.call(JSON, source);
  });
}

export function isExactNumber(value: unknown): boolean {
  return raw.isRawJSON?.(value) === true;
}
