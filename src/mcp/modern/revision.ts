import type { GuestRequest } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import { NEWEST_WITH_SESSIONS } from '../edge/initialize.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';

/** The revision that describes version, client and capabilities in each request, and has no sessions. */
export const REVISION = '2026-07-28';

/** Members of `_meta` (MCP 2026-07-28, "Overview", section "_meta"). */
export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  client: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  server: 'io.modelcontextprotocol/serverInfo',
} as const;

const VERSION_MEMBER: Buffer = Buffer.from(META.version);
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Whether the client speaks a revision without `initialize` (MCP 2026-07-28, "Versioning and Compatibility", section
 * "Terminology"). Its header says so; without one, or beside an older version, its message does, which is looked at only if
 * the bytes are there.
 */
export function isModern(request: GuestRequest): boolean {
  const version = header(request.headers, VERSION_HEADER);
  if (version !== undefined && version > NEWEST_WITH_SESSIONS && DATE.test(version)) return true;
  const { body, method } = request;
  return method === 'POST' && body instanceof Uint8Array && namesVersion(body);
}

function namesVersion({ buffer, byteOffset, length }: Uint8Array): boolean {
  const bytes = Buffer.from(buffer, byteOffset, length);
  if (!bytes.includes(VERSION_MEMBER)) return false;
  try {
    const message = JSON.parse(bytes.toString()) as { params?: { _meta?: Record<string, unknown> } } | null;
    return typeof message?.params?._meta?.[META.version] === 'string';
  } catch {
    return false;
  }
}
