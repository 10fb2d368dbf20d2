import { DEFAULTS } from '../defaults.ts';
import {
  choice,
  count,
  DURATION,
  DURATION_OR_OFF,
  HANDLE_NAMES,
  LONG_DURATION,
  RETENTION,
} from '../kinds.ts';
import { RANGES } from '../ranges.ts';
import type { OptionRows } from '../types.ts';

type Sessions =
  | 'mcp'
  | 'state'
  | 'stateLifetime'
  | 'handleNames'
  | 'maxHandles'
  | 'maxHandlesPerPrincipal'
  | 'sessionOrder'
  | 'sessionRetention'
  | 'inputWait'
  | 'taskAfter'
  | 'taskTtl'
  | 'sseKeepAlive'
  | 'session'
  | 'subject'
  | 'sort'
  | 'sessionState'
  | 'type'
  | 'reason';

/** MCP and its sessions. */
export const SESSIONS: OptionRows<Sessions> = {
  mcp: {
    flags: '--mcp <mode>',
    description:
      "what MCP clients get: what wasmcp's Sessions Guide promises (guide), the specification (strict), the guest alone (off); default: guide for servers of wasmcp",
    kind: choice('guide', 'strict', 'off'),
  },
  state: {
    flags: '--state <kind>',
    description:
      'how clients of MCP 2026-07-28 keep state: in one session for each principal (principal), by the id of a session as an argument of tools (handle) or not (none); default: with --mcp guide, principal if the guest asks for tokens, handle if it keeps sessions',
    kind: choice('principal', 'handle', 'none'),
  },
  stateLifetime: {
    flags: '--state-lifetime <duration>',
    description: 'how long the state of clients of MCP 2026-07-28 lasts without use, such as 12h or 30d',
    kind: LONG_DURATION,
    fallback: DEFAULTS.stateLifetime,
  },
  handleNames: {
    flags: '--handle-names <create,end,argument>',
    description: 'names of the tools and of the argument of --state handle',
    kind: HANDLE_NAMES,
    fallback: DEFAULTS.handleNames,
  },
  maxHandles: {
    flags: '--max-handles <n>',
    description: 'sessions that this process has created with --state handle and that have not ended',
    kind: count(...RANGES.handles),
    fallback: DEFAULTS.maxHandles,
  },
  maxHandlesPerPrincipal: {
    flags: '--max-handles-per-principal <n>',
    description:
      'sessions that one principal may have created with --state handle, on all hosts of the store',
    kind: count(...RANGES.handlesPerPrincipal),
    fallback: DEFAULTS.maxHandlesPerPrincipal,
  },
  sessionOrder: {
    flags: '--session-order <order>',
    description: 'run requests of one MCP session one after another (serial) or concurrently (parallel)',
    kind: choice('serial', 'parallel'),
    fallback: DEFAULTS.sessionOrder,
  },
  sessionRetention: {
    flags: '--session-retention <duration>',
    description:
      'how long MCP sessions stay in the store after their end, such as 12h or 30d; off keeps them',
    kind: RETENTION,
    fallback: DEFAULTS.sessionRetention,
  },
  inputWait: {
    flags: '--input-wait <duration>',
    description: 'how long a guest may wait for a response of its client (sampling, elicitation)',
    kind: DURATION,
    fallback: DEFAULTS.inputWait,
  },
  taskAfter: {
    flags: '--task-after <duration>',
    description:
      'how long a call of a tool runs until it becomes a task, for clients of MCP 2026-07-28 that declare the extension for tasks; or off',
    kind: DURATION_OR_OFF,
    fallback: DEFAULTS.taskAfter,
  },
  taskTtl: {
    flags: '--task-ttl <duration>',
    description: 'how long a task and its result are kept after its end',
    kind: DURATION,
    fallback: DEFAULTS.taskTtl,
  },
  sseKeepAlive: {
    flags: '--sse-keep-alive <duration>',
    description: 'silence after which an event stream gets a comment, so that no proxy closes it; or off',
    kind: DURATION_OR_OFF,
    fallback: DEFAULTS.sseKeepAlive,
  },
  session: {
    flags: '--session <id>',
    description: "a session to resume; default: the client's last one in this store",
  },
  subject: {
    flags: '--subject <name>',
    description: 'only sessions of this owner: exactly the sub of its token, upper and lower case as there',
  },
  sessionState: {
    flags: '--state <state>',
    environment: ['WASMCP_NODE_SESSION_STATE'],
    description: 'only sessions that are live, were ended (ended) or ran out (expired)',
    kind: choice('live', 'ended', 'expired'),
  },
  sort: {
    flags: '--sort <order>',
    description: 'sort by the last write (updated), the opening (created) or the bytes of the values (size)',
    kind: choice('updated', 'created', 'size'),
  },
  type: {
    flags: '--type <type>',
    description: 'the type of the value: string, json, u64, s64, bool or bytes',
    kind: choice('string', 'json', 'u64', 's64', 'bool', 'bytes'),
  },
  reason: {
    flags: '--reason <text>',
    description: 'why a session is ended; it is stored with the session',
    fallback: 'ended by wasmcp-node sessions end',
  },
};
