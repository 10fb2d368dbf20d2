import { Fields } from '../../../host/http/fields.ts';
import { OutgoingResponse } from '../../../host/http/outgoing-response.ts';
import { ResponseOutparam } from '../../../host/http/response-outparam.ts';
import { createExchange, type Exchange, Guest, type RequestHead } from '../../../host/index.ts';
import { bytes, type TestResponse, type TestSource, testResponse, testSource } from '../streams.ts';

export interface Setup {
  readonly guest: Guest;
  readonly source: TestSource;
  readonly sink: TestResponse;
  readonly exchange: Exchange;
}

export function setup(head: Partial<RequestHead> = {}, room?: number): Setup {
  const guest = new Guest();
  const source = testSource();
  const sink = testResponse(room);
  const request: RequestHead = {
    method: 'POST',
    scheme: 'http',
    authority: 'localhost:8080',
    pathWithQuery: '/mcp?a=1',
    headers: [],
    ...head,
  };
  return { guest, source, sink, exchange: createExchange(guest, request, source, sink) };
}

export function responseWith(...headers: [string, string][]): OutgoingResponse {
  return new OutgoingResponse(Fields.fromList(headers.map(([name, value]) => [name, bytes(value)])));
}

export function answer(exchange: Exchange, response: OutgoingResponse): void {
  ResponseOutparam.set(exchange.responseOut, { tag: 'ok', val: response });
}
