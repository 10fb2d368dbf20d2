import type { PlainAnswer } from '../plain.ts';

/** Why a request is refused, for its sender, with the flag that would let it in. */
export function hostRefusal(host: string): string {
  return `the host ${quoted(host)} is not one of this server's: --allow-host ${flagValue(host, 'HOST')} makes it one`;
}

export function originRefusal(origin: string): string {
  return `pages of ${quoted(origin)} may not use this server: --allow-origin ${flagValue(origin, 'ORIGIN')} lets them`;
}

/** 403 as MCP clients read it; the error of no request in particular. */
export function forbidden(message: string): PlainAnswer {
  return {
    status: 403,
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', vary: 'Origin' },
    body: `${JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null })}\n`,
    unread: true,
  };
}

/** Longer than a name in DNS: whoever reads the log wants no novels. */
const MAX_SHOWN = 260;

function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}

/** For copying into a shell: only what needs no quotes there. */
function flagValue(text: string, placeholder: string): string {
  return text.length <= MAX_SHOWN && /^[\w.:[\]/-]+$/.test(text) ? text : placeholder;
}
