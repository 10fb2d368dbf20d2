/**
 * Helpers for flat lists of names and values, as requests and responses carry their headers. Names to look for are given in
 * lower case. Each request passes here: names of another length are not converted.
 */

/** The first value of this header. */
export function header(list: readonly string[], name: string): string | undefined {
  for (let i = 0; i < list.length; i += 2) {
    if (isName(list[i]!, name)) return list[i + 1];
  }
  return undefined;
}

/** All values of this header. */
export function headerValues(list: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < list.length; i += 2) {
    if (isName(list[i]!, name)) values.push(list[i + 1]!);
  }
  return values;
}

export function headerPairs(list: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i]!, list[i + 1]!]);
  return pairs;
}

/** The headers whose names in lower case pass `keep`. */
export function filterHeaders(list: readonly string[], keep: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < list.length; i += 2) {
    if (keep(list[i]!.toLowerCase())) kept.push(list[i]!, list[i + 1]!);
  }
  return kept;
}

export function withoutHeaders(list: readonly string[], ...names: readonly string[]): string[] {
  return filterHeaders(list, (name) => !names.includes(name));
}

/** The list with this header once, with this value. */
export function withHeader(list: readonly string[], name: string, value: string): string[] {
  return [...withoutHeaders(list, name.toLowerCase()), name, value];
}

function isName(text: string, name: string): boolean {
  return text.length === name.length && text.toLowerCase() === name;
}
