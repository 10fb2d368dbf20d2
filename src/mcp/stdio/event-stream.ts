/**
 * The `data` of each event in a stream of server-sent events (HTML, "Parsing an event stream"). Names, ids and retry times
 * are ignored, and so is a last event without an empty line after it.
 *
 * @throws RangeError when one event has more than `limit` characters
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  let size = 0;
  for await (const bytes of body) {
    // A carriage return at the end may be the first half of a line break.
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield data.join('\n');
        data = [];
        size = 0;
      } else if (line === 'data' || line.startsWith('data:')) {
        data.push(line.slice('data:'.length).replace(/^ /, ''));
        size += line.length;
      }
    }
    if (size + rest.length > limit) throw new RangeError(`an event has more than ${limit} characters`);
  }
}
