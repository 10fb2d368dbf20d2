import type { RequestRecord } from '../../../http/request-record.ts';

/** A request whose response is over, for the events. Neither its whole session nor a value is in it. */
export function requestEvent(record: RequestRecord): object {
  const { id, method, path, status, mcp, session, error, bytesIn, bytesOut } = record;
  const { queue, guest, store, gate, total } = record;
  return {
    id,
    at: Math.round(performance.timeOrigin + record.start),
    method,
    path,
    status,
    ...(mcp && { mcp: { method: mcp.method, target: mcp.target } }),
    session,
    error,
    bytesIn,
    bytesOut,
    times: { queue, guest, store, gate, total },
  };
}
