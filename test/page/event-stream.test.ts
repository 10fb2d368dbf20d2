import { expect, test } from 'vitest';
import { parseEvents, type ServerEvent } from '../../page/src/api/event-stream.ts';

/** Reads the text in pieces of `size` bytes. */
async function read(text: string, size: number): Promise<ServerEvent[]> {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of parseEvents(body)) events.push(event);
  return events;
}

test.each([1, 3, 1000])('events are read from pieces of %i bytes', async (size) => {
  const text =
    ': hello\n\nevent: session\ndata: {"id":"é"}\n\n\ndata: one\r\ndata:two\r\n\r\nevent: x\n\ndata: cut';
  expect(await read(text, size)).toEqual([
    { kind: 'session', data: '{"id":"é"}' },
    { kind: 'message', data: 'one\ntwo' },
  ]);
});
