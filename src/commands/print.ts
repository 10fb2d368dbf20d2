/** Resolves when the text has been written: a reader that stalls makes guests wait instead of filling memory. */
export function print(stream: NodeJS.WritableStream, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}

/** The log of a command, as lines of text. */
export function textLog(
  stream: NodeJS.WritableStream,
): (level: string, context: string, message: string) => Promise<void> {
  return (level, context, message) => print(stream, `${oneLine(`${level}: ${context}: ${message}`)}\n`);
}

/** Guests and clients choose parts of messages: these must not become lines or terminal commands of their own. */
export function oneLine(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f]/g,
    (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** As a word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[\w.:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
