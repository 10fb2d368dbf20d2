/** One line of input, without its line break. */
export type Line =
  | { readonly kind: 'line'; readonly bytes: Uint8Array }
  /** Above the limit; its bytes are not kept. */
  | { readonly kind: 'too-long' };

const NEWLINE = 0x0a;

/** Splits bytes into lines of at most `limit` bytes. Empty lines are skipped; the last line needs no line break. */
export async function* readLines(
  input: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Line, void, undefined> {
  let held: Uint8Array[] = [];
  let size = 0;

  function hold(bytes: Uint8Array): void {
    size += bytes.length;
    if (size > limit) held = [];
    else if (bytes.length > 0) held.push(bytes);
  }

  function take(): Line | undefined {
    const line: Line =
      size > limit ? { kind: 'too-long' } : { kind: 'line', bytes: trimmed(Buffer.concat(held)) };
    held = [];
    size = 0;
    return line.kind === 'line' && line.bytes.length === 0 ? undefined : line;
  }

  for await (const chunk of input) {
    let rest = chunk;
    for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE)) {
      hold(rest.subarray(0, at));
      rest = rest.subarray(at + 1);
      const line = take();
      if (line !== undefined) yield line;
    }
    hold(rest);
  }
  const line = take();
  if (line !== undefined) yield line;
}

/** Removes the carriage return of a client on Windows. */
function trimmed(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
}
