/** The first value of a header in a flat list of names and values, as requests and responses carry them. */
export function header(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

/** The list without these headers; names in lower case. */
export function withoutHeaders(headers: readonly string[], ...names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!names.includes(headers[i]!.toLowerCase())) kept.push(headers[i]!, headers[i + 1]!);
  }
  return kept;
}

/** The list with this header once, with this value. */
export function withHeader(headers: readonly string[], name: string, value: string): string[] {
  return [...withoutHeaders(headers, name.toLowerCase()), name, value];
}
