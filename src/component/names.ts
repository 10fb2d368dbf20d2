const LONGEST = 256;

/**
 * Why a name is refused, or undefined if it is accepted. Names of imports and exports are copied into generated JavaScript, so
 * only printable ASCII without quotes, backslash and backtick is accepted, and at most 256 characters.
 */
export function nameProblem(name: string): string | undefined {
  if (name.length > LONGEST) return `is longer than ${LONGEST} characters`;
  if (/^[ -~]*$/.test(name) && !/["'\\`]/.test(name)) return undefined;
  return 'has characters that are not allowed (printable ASCII without quotes, backslash and backtick)';
}

/** A name in a form that is safe to print on a terminal: shortened, with unusual characters escaped. */
export function showName(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 80)}...` : name;
  return JSON.stringify(short).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
