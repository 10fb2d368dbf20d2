/** Maximum length, in UTF-16 code units, of a guest's or client's text within a message or a log line. */
const MAX_TEXT = 1024;

/** Truncates a text of a guest or a client for a message or a log line; appends its original length if it was longer. */
export function cutText(text: string, limit: number = MAX_TEXT): string {
  if (text.length <= limit) return text;
  // Does not split a surrogate pair.
  const end = /[\ud800-\udbff]/.test(text[limit - 1]!) ? limit - 1 : limit;
  return `${text.slice(0, end)}… (${text.length} characters)`;
}
