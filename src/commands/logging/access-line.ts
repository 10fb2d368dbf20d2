import type { RequestSummary } from '../../server/observe/request-summary.ts';
import { oneLine } from '../print.ts';

/** A value that needs no quotes. */
const PLAIN = /^[\w./:@*+~-]+$/;

/** The fields of a line of the access log, in their order. Times are milliseconds. */
export function accessFields(request: RequestSummary): Record<string, string | number | undefined> {
  return {
    id: request.id,
    method: request.method,
    path: clean(request.path),
    status: request.status,
    mcp: clean(request.mcpMethod),
    tool: clean(request.tool),
    protocol: clean(request.protocolVersion),
    session: clean(request.session),
    error: request.error,
    bytesIn: request.bytesIn,
    bytesOut: request.bytesOut,
    total: rounded(request.total),
    queue: rounded(request.queue),
    guest: rounded(request.guest),
    store: rounded(request.store),
    gate: rounded(request.gate),
    cpu: rounded(request.cpu),
  };
}

/**
 * `access: time=… id=1 method=GET …`: what contains anything but letters, digits and a few signs is in quotes. The same fields, one
 * by one, because each request pays for it.
 */
export function accessLine(request: RequestSummary): string {
  return (
    `access: time=${new Date(request.time).toISOString()} id=${request.id} method=${quoted(request.method)}` +
    ` path=${quoted(request.path)} status=${request.status}` +
    optional(' mcp=', request.mcpMethod) +
    optional(' tool=', request.tool) +
    optional(' protocol=', request.protocolVersion) +
    optional(' session=', request.session) +
    optional(' error=', request.error) +
    ` bytesIn=${request.bytesIn} bytesOut=${request.bytesOut}` +
    ` total=${rounded(request.total)} queue=${rounded(request.queue)} guest=${rounded(request.guest)}` +
    ` store=${rounded(request.store)} gate=${rounded(request.gate)} cpu=${rounded(request.cpu)}\n`
  );
}

function optional(name: string, text: string | undefined): string {
  return text === undefined ? '' : name + quoted(text);
}

function quoted(text: string): string {
  return PLAIN.test(text) ? text : JSON.stringify(clean(text));
}

/** Characters that a terminal, or a reader of lines, could take for something else. */
const SPECIAL = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/;

function clean<T extends string | undefined>(text: T): T | string {
  if (text === undefined || !SPECIAL.test(text)) return text;
  return oneLine(text.toWellFormed()).replace(
    /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
