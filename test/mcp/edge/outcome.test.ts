import { expect, test } from 'vitest';
import { createRequestObservers } from '../../../src/http/request-observers.ts';
import type { ResponseWriter } from '../../../src/http/response.ts';
import { createOutcomeReader } from '../../../src/mcp/edge/outcome.ts';

const NOWHERE: ResponseWriter = { head() {}, chunk() {}, end() {}, fail() {}, finished() {} };
const FACTS = {
  ...{ method: 'tools/call', target: 'x', protocolVersion: undefined, requestId: '1' },
  ...{ traceparent: undefined, tracestate: undefined },
};

/** The error that is noted for a response with these parts. */
function errorOf(type: string, ...parts: string[]): string | undefined {
  const observers = createRequestObservers();
  observers.add({});
  const record = observers.begin({ method: 'POST', path: '/', headers: [] })!;
  record.message(FACTS);
  const writer = createOutcomeReader()(record, NOWHERE);
  writer.head(200, ['content-type', type]);
  for (const part of parts) writer.chunk(Buffer.from(part), () => {});
  writer.end([]);
  return record.error;
}

const ERROR = '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}';
const FAILED = '{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}';
const PROGRESS = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"error":{"code":1}}}';

test.each([
  ['application/json', [ERROR], '-32602'],
  ['application/json; charset=utf-8', [FAILED], 'tool_error'],
  ['application/json', [ERROR.slice(0, 20), ERROR.slice(20)], '-32602'],
  ['application/json', ['{"jsonrpc":"2.0","id":1,', FAILED.slice(24)], 'tool_error'],
  ['text/event-stream', [`data: ${PROGRESS}\n\n`, `data: ${ERROR}\n\n`], '-32602'],
  ['text/event-stream', ['data: {"jsonrpc":"2.0","method":"ping"}\n\n', `data: ${FAILED}\n\n`], 'tool_error'],
  ['text/event-stream', [`data: ${PROGRESS}\n\n`], undefined],
  ['application/json', ['{"result":{"isError":false,"structuredContent":{"isError":true}}}'], undefined],
  ['application/json', [JSON.stringify({ result: { text: FAILED } })], undefined],
  ['text/plain', [ERROR], undefined],
])('a response of type %s with the parts %j has the error %s', (type, parts, error) => {
  expect(errorOf(type, ...parts)).toBe(error);
});
