import type { GuestRequest } from '../../http/handler.ts';
import { filterHeaders } from '../../http/headers.ts';
import { messageFor } from '../edge/messages.ts';
import { writeJson } from '../long-values/long-value.ts';
import { mirroredMember } from '../modern/check-message.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { encodeMirrored } from '../modern/header-values.ts';
import type { ParamHeaders } from '../modern/param-headers.ts';
import { META, REVISION } from '../modern/revision.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { clientCapabilities } from './negotiate.ts';
import type { ClientSession } from './session-id.ts';

/** A request for a guest of 2026-07-28. */
export interface ModernCall {
  readonly id: string | number;
  readonly method: string;
  readonly params: JsonObject;
}

/** `_meta` of a request of this client ("Overview", section "_meta"). */
export function describeClient(session: ClientSession, logLevel: string | undefined): JsonObject {
  return {
    [META.version]: REVISION,
    ...(session.info && { [META.client]: session.info }),
    [META.capabilities]: clientCapabilities(session.capabilities),
    ...(logLevel !== undefined && { [META.logLevel]: logLevel }),
  };
}

/** The request as a client of 2026-07-28 sends it: `request` has the client's address and credentials. */
export function modernRequest(
  request: GuestRequest,
  call: ModernCall,
  meta: JsonObject,
  mirrors: ParamHeaders,
): GuestRequest {
  const { id, method, params } = call;
  const described = { ...params, _meta: { ...(isObject(params._meta) ? params._meta : {}), ...meta } };
  const body = Buffer.from(writeJson({ jsonrpc: '2.0', id, method, params: described }));
  const sent = messageFor(request, body);
  return {
    ...sent,
    headers: [
      ...filterHeaders(sent.headers, (name) => !name.startsWith('mcp-')),
      ...mirroredHeaders(call),
      ...mirrors.headersOf(params),
    ],
  };
}

/** The headers that every request has ("Streamable HTTP", section "Request Metadata"). */
function mirroredHeaders({ method, params }: ModernCall): string[] {
  const member = mirroredMember(method);
  const name = member === undefined ? undefined : params[member];
  return [
    ...[VERSION_HEADER, REVISION, 'mcp-method', encodeMirrored(method)],
    ...(typeof name === 'string' ? ['mcp-name', encodeMirrored(name)] : []),
  ];
}
