import { header, withHeader } from '../../http/headers.ts';
import { REQUIRED_ACCEPT } from '../wasmcp-quirks.ts';
import { jsonResponse } from './json-response.ts';
import type { MessageHandler } from './stages.ts';

/** What a client accepts. */
export interface Accepted {
  /** It names `text/event-stream`; a wildcard does not ask for a stream. */
  readonly streams: boolean;
  /** The same headers, with both types of Streamable HTTP (MCP, "Sending Messages to the Server"). */
  readonly headers: string[];
}

/** Lets clients omit `Accept`, and gives those that accept no stream a JSON response. */
export function withAccept(next: MessageHandler): MessageHandler {
  return (message) => {
    const { request, target } = message;
    const { streams, headers } = readAccept(request.headers);
    if (headers === request.headers) return next(message);
    next({
      ...message,
      request: { ...request, headers },
      target: streams ? target : jsonResponse(target),
    });
  };
}

export function readAccept(headers: string[]): Accepted {
  // As the SDKs write it.
  if (header(headers, 'accept') === REQUIRED_ACCEPT) return { streams: true, headers };
  const types = new Set<string>();
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== 'accept') continue;
    for (const range of headers[i + 1]!.split(',')) {
      const [type = '', ...parameters] = range.split(';');
      if (!parameters.some((parameter) => ZERO_WEIGHT.test(parameter))) types.add(type.trim().toLowerCase());
    }
  }
  const streams = types.has('text/event-stream');
  const complete = streams && types.has('application/json');
  return { streams, headers: complete ? headers : withHeader(headers, 'accept', REQUIRED_ACCEPT) };
}

/** RFC 9110 section 12.4.2. */
const ZERO_WEIGHT = /^\s*q=0(\.0*)?\s*$/i;
