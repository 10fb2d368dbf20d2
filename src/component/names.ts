const LONGEST = 256;

/**
 * Why a name may not pass, or undefined when it may. Names of imports and exports are copied into generated
 * JavaScript: only printable ASCII without quotes, backslash and backtick is let through, 256 characters at most.
 */
export function nameProblem(name: string): string | undefined {
  if (name.length > LONGEST) return `is longer than ${LONGEST} characters`;
  if (/^[ -~]*$/.test(name) && !/["'\\`]/.test(name)) return undefined;
  return 'has characters that are not allowed (printable ASCII without quotes, backslash and backtick)';
}

/** A name as it may be shown on a terminal: shortened, everything unusual as an escape. */
export function showName(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 80)}...` : name;
  return JSON.stringify(short).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
