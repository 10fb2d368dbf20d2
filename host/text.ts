/** Longest text of a guest or a client within a message or a log line, in characters. */
const MAX_TEXT = 1024;

/** A text that a guest or a client chose, as it enters a message or a log line: the beginning and its length, when it is long. */
export function cutText(text: string, limit: number = MAX_TEXT): string {
  if (text.length <= limit) return text;
  // Half of a character would not be valid text.
  const end = /[\ud800-\udbff]/.test(text[limit - 1]!) ? limit - 1 : limit;
  return `${text.slice(0, end)}… (${text.length} characters)`;
}
