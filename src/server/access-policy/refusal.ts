import type { PlainResponse } from '../plain.ts';

/** Tells the client why its request is refused, and which option would allow it. */
export function hostRefusal(host: string): string {
  return `host ${quoted(host)} is not allowed; allow it with --allow-host ${flagValue(host, 'HOST')}`;
}

export function originRefusal(origin: string): string {
  return `origin ${quoted(origin)} is not allowed; allow it with --allow-origin ${flagValue(origin, 'ORIGIN')}`;
}

/** 403 in the form that MCP clients read: a JSON-RPC error without a request's id. */
export function forbidden(message: string): PlainResponse {
  return {
    status: 403,
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', vary: 'Origin' },
    body: `${JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null })}\n`,
    unread: true,
  };
}

/** Characters of a name that are shown; names in DNS are shorter. */
const MAX_SHOWN = 260;

function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}

/** To be copied into a shell: only characters that need no quotes there. */
function flagValue(text: string, placeholder: string): string {
  return text.length <= MAX_SHOWN && /^[\w.:[\]/-]+$/.test(text) ? text : placeholder;
}
