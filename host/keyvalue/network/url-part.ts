/** Decodes a part of a URL; throws what `invalid` returns for a reason. */
export function decodedPart(text: string, invalid: (reason: string) => Error): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('a % in it does not begin an escape: write %25');
  }
}
