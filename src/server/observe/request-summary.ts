import { cutText } from '../../../host/index.ts';
import type { RequestRecord } from '../../http/request-record.ts';

/**
 * One request that is over. Texts that the client chose are cut, and may contain control characters. There is no whole id of a
 * session, no header, no query and no value.
 */
export interface RequestSummary {
  /** Counts the requests of this process. */
  readonly id: number;
  /** When its head had arrived, in milliseconds since 1970. */
  readonly time: number;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** 0 if the client left before the response. */
  readonly status: number;
  /** The method of its MCP message. */
  readonly mcpMethod?: string | undefined;
  /** The tool, or the prompt, that the message names. */
  readonly tool?: string | undefined;
  readonly protocolVersion?: string | undefined;
  /** The first characters of the session's id. */
  readonly session?: string | undefined;
  /** See `RequestRecord`. */
  readonly error?: string | undefined;
  /** Bytes of the bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds until its response was over. */
  readonly total: number;
  /** Milliseconds for which it waited for its session or a worker. */
  readonly queue: number;
  /** Milliseconds for which guests worked on it, without those of `store`. */
  readonly guest: number;
  readonly store: number;
  /** Milliseconds for which its response waited for the disk. */
  readonly gate: number;
  /** Milliseconds of processor time of its guests. */
  readonly cpu: number;
}

/** Characters of a text that a client chose. */
const LONGEST = 200;

export function summaryOf(record: RequestRecord): RequestSummary {
  const { mcp } = record;
  return {
    id: record.id,
    time: performance.timeOrigin + record.start,
    method: record.method,
    path: cutText(record.path, LONGEST),
    status: record.status,
    mcpMethod: cut(mcp?.method),
    tool: cut(mcp?.target),
    protocolVersion: cut(mcp?.protocolVersion),
    session: record.session,
    error: record.error,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    total: record.total,
    queue: record.queue,
    guest: record.guest,
    store: record.store,
    gate: record.gate,
    cpu: record.cpu,
  };
}

function cut(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cutText(text, LONGEST);
}
