import type { GuestRequest, Handler, Upload, UploadReceiver } from '../../../src/http/handler.ts';
import type { ResponseWriter } from '../../../src/http/response.ts';
import { modernText } from '../../support/modern.ts';
import { type Answered, ask } from '../edge/guest.ts';
import { DISCOVERED } from '../legacy-clients/new-guest.ts';
import { SESSIONLESS } from '../modern/edge-of.ts';

export const MIB: number = 1024 ** 2;
export const CHUNK: number = 64 * 1024;

/** Different values, until they have so many characters. */
export function many(value: (index: number) => string, length: number): string {
  const values: string[] = [];
  for (let i = 0, left = length; left > 0; i++) {
    const one = value(i);
    values.push(one);
    left -= one.length + 1;
  }
  return values.join(',');
}

export const NAMES: string = `{${many((i) => `"n${i.toString(36)}":0`, 4 * MIB)}}`;
export const ESCAPES: string = `{${many((i) => `"\\u0061${i.toString(36)}":0`, 4 * MIB)}}`;
const OBJECTS = `[${many((i) => `{"${i.toString(36)}":0}`, 4 * MIB)}]`;
const LISTS = `[${many(() => '[]', 4 * MIB)}]`;
export const EXPENSIVE: readonly (readonly [what: string, text: string])[] = [
  ['names', NAMES],
  ['names with escapes', ESCAPES],
  ['objects', OBJECTS],
  ['lists', LISTS],
];

/** The text of a call with these arguments, or with them as another member of `params`. */
export function callText(args: string, member = 'arguments'): string {
  const { body } = modernText({ method: 'tools/call', params: { name: 'take', value: 0 } });
  return body.replace('"value":0', () => `"${member}":${args}`);
}

export const HEADERS: Readonly<Record<string, string>> = modernText({
  method: 'tools/call',
  params: { name: 'take' },
}).headers;

/** What the clock of processor time may be wrong by, and a collection may take, in microseconds. */
export const GRAIN = 20_000;

function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** The processor time that `turn` takes, in microseconds. */
export function timeOf(turn: () => void): number {
  const before = cpuTime();
  turn();
  return cpuTime() - before;
}

/** The same of a client of an earlier revision. */
export function earlierText(args: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"take","arguments":${args}}}`;
}

/** A request that has arrived. */
export function requestOf(text: string): GuestRequest {
  return {
    ...{ method: 'POST', scheme: 'http', authority: 'localhost', path: '/mcp' },
    headers: Object.entries(HEADERS).flat(),
    body: Buffer.from(text),
    receivedAt: performance.now(),
  };
}

/** Sends a body as it arrives from a socket. Returns the response, and the processor time of the longest turn. */
export async function upload(
  handler: Handler,
  text: string,
  headers: Readonly<Record<string, string>>,
  between: () => void = () => {},
): Promise<{ readonly answer: Answered; readonly longest: number }> {
  const bytes = Buffer.from(text);
  const started = Promise.withResolvers<UploadReceiver>();
  const body: Upload = { start: started.resolve, resume() {}, stop() {} };
  const { answer } = ask(handler, body, { ...headers, 'content-length': String(bytes.length) });
  const to = await started.promise;
  let longest = 0;
  for (let i = 0; i < bytes.length; i += CHUNK) {
    longest = Math.max(
      longest,
      timeOf(() => to.data(bytes.subarray(i, i + CHUNK))),
    );
    between();
  }
  longest = Math.max(
    longest,
    timeOf(() => to.end([])),
  );
  return { answer: await answer, longest };
}

export function respond(target: ResponseWriter, result: string): void {
  target.head(200, ['content-type', 'application/json']);
  target.chunk(Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${result}}`), () => {});
  target.end([]);
  target.finished();
}

/** A guest that does not look at what it gets, so that all the time is the edge's. */
export function blindGuest(era: 'old' | 'new', result = '{"content":[]}'): Handler {
  return (request, target) => {
    const named = (name: string): string => request.headers[request.headers.indexOf(name) + 1] ?? '';
    const isNew = named('mcp-protocol-version') === '2026-07-28';
    const asksWho = request.body instanceof Uint8Array && request.body.length < 1000;
    if (isNew !== (era === 'new')) {
      target.head(400, ['content-type', 'application/json']);
      target.end([]);
      target.finished();
    } else if (!asksWho) respond(target, result);
    else respond(target, JSON.stringify(era === 'new' ? DISCOVERED : SESSIONLESS));
    return { cancel() {}, stop() {} };
  };
}

export const LONG_TEXT: string = 'é"\\{[,'.repeat(20_000);
export const TABLE: object = { rows: Array.from({ length: 100_000 }, (_, i) => ({ i, name: `row ${i}` })) };
