import { withHeader } from './headers.ts';

/** The media types that a client of Streamable HTTP has to accept (MCP, "Sending Messages to the Server"). */
const BOTH = 'application/json, text/event-stream';

/** What a client says that it accepts. */
export interface Accepted {
  /** It names `text/event-stream`; a wildcard is no wish for a stream. */
  readonly streams: boolean;
  /** The same headers, with both types that servers insist on. */
  readonly headers: string[];
}

export function readAccept(headers: string[]): Accepted {
  const types = new Set<string>();
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== 'accept') continue;
    for (const range of headers[i + 1]!.split(',')) {
      const [type = '', ...parameters] = range.split(';');
      if (!parameters.some((parameter) => NEVER.test(parameter))) types.add(type.trim().toLowerCase());
    }
  }
  const streams = types.has('text/event-stream');
  const complete = streams && types.has('application/json');
  return { streams, headers: complete ? headers : withHeader(headers, 'accept', BOTH) };
}

/** A weight of zero (RFC 9110 section 12.4.2). */
const NEVER = /^\s*q=0(\.0*)?\s*$/i;
